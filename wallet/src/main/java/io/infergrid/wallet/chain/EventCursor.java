package io.infergrid.wallet.chain;

import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.chain.ChainException.Kind;
import io.infergrid.wallet.chain.EventCursorStore.Position;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Follows the events of contracts from where it stopped, through restarts and reorganisations. Every poll reads the last 128 blocks
 * again; events are known by block hash and log index, so one whose block was replaced is told as reversed, and its successor as
 * new. If the history changed deeper than that, it goes back to the newest event whose block still stands. Node-side filters are
 * not used: behind a load balancer they lose events.
 *
 * <p>Each chunk is applied to the store in one transaction, so a crash repeats at most what was not applied. Not thread-safe: one
 * thread polls.
 */
public final class EventCursor {

    /** Blocks that are read again at every poll. */
    public static final int REREAD = 128;

    private final String name;
    private final ChainClient client;
    private final EventFilter filter;
    private final EventCursorStore store;

    /**
     * @param name of this cursor in the store; one name, one filter
     */
    public EventCursor(String name, ChainClient client, EventFilter filter, EventCursorStore store) {
        this.name = name;
        this.client = client;
        this.filter = filter;
        this.store = store;
    }

    /**
     * Reads up to the newest block that every endpoint has.
     *
     * @return all changes that were applied, in order
     * @throws ChainException if the chain cannot be read or believed; what was applied before stays
     */
    public List<ChainChange> poll() {
        var reader = new LogReader(client.endpoints());
        long head = reader.commonHead();
        var all = new ArrayList<ChainChange>();
        long from = start(head);
        int step = client.network().logBlocks();
        while (from <= head) {
            long to = Math.min(head, from + step - 1);
            try {
                all.addAll(chunk(reader, from, to, head));
            } catch (ChainException failed) {
                if (failed.kind() != Kind.UNREACHABLE || step == 1) {
                    throw failed;
                }
                step = Math.max(1, step / 4); // perhaps too many events for one answer
                continue;
            }
            from = to + 1;
        }
        return all;
    }

    private long start(long head) {
        long first = client.network().deployedAt();
        Optional<Position> position = store.position(name);
        if (position.isEmpty()) {
            return first;
        }
        long from = Math.max(first, Math.min(position.get().block(), head) - REREAD + 1);
        return stillStands(position.get(), from) ? from : Math.max(first, newestStanding(from) + 1);
    }

    /** Whether the history below {@code from} is the one that was read: the block that was last read, or the oldest reread event's. */
    private boolean stillStands(Position position, long from) {
        if (position.block() < from || standing(position.block(), position.hash())) {
            return true;
        }
        List<ChainEvent> before = eventsBelow(from);
        return before.isEmpty()
                || standing(before.getLast().block(), before.getLast().blockHash());
    }

    private long newestStanding(long from) {
        List<ChainEvent> before = eventsBelow(from);
        for (int i = before.size() - 1; i >= 0; i--) {
            if (standing(before.get(i).block(), before.get(i).blockHash())) {
                return before.get(i).block();
            }
        }
        return client.network().deployedAt() - 1;
    }

    private List<ChainEvent> eventsBelow(long from) {
        return store.events(name, client.network().deployedAt()).stream()
                .filter(event -> event.block() < from)
                .toList();
    }

    private boolean standing(long block, Bytes32 hash) {
        return client.head(block).map(Head::hash).filter(hash::equals).isPresent();
    }

    private List<ChainChange> chunk(LogReader reader, long from, long to, long head) {
        Bytes32 before = hash(to);
        List<ChainEvent> now = reader.read(filter, from, to);
        if (!hash(to).equals(before)) {
            throw new ChainException(
                    Kind.DISAGREEMENT, "the chain was reorganised while it was read: it is read again");
        }
        long upTo = to == head ? Long.MAX_VALUE : to; // above the head nothing is left of a chain that became shorter
        Map<ChainEvent.Key, ChainEvent> known = new HashMap<>();
        for (ChainEvent event : store.events(name, from)) {
            if (event.block() <= upTo) {
                known.put(event.key(), event);
            }
        }
        List<ChainChange> changes = differences(now, known);
        long confirmedBefore = store.position(name).map(Position::confirmed).orElse(-1L);
        long confirmed =
                Math.max(confirmedBefore, Math.min(to, head - client.network().confirmations()));
        confirm(changes, now, known, confirmedBefore, confirmed);
        store.apply(name, new Position(to, confirmed, before), changes);
        return changes;
    }

    private Bytes32 hash(long block) {
        return client.head(block)
                .orElseThrow(
                        () -> new ChainException(Kind.DISAGREEMENT, "block " + block + " vanished: it is read again"))
                .hash();
    }

    private static List<ChainChange> differences(List<ChainEvent> now, Map<ChainEvent.Key, ChainEvent> known) {
        var changes = new ArrayList<ChainChange>();
        Set<ChainEvent.Key> standing = new HashSet<>();
        now.forEach(event -> standing.add(event.key()));
        known.values().stream()
                .filter(event -> !standing.contains(event.key()))
                .sorted((a, b) -> a.block() != b.block()
                        ? Long.compare(b.block(), a.block())
                        : Long.compare(b.logIndex(), a.logIndex()))
                .forEach(event -> changes.add(new ChainChange.Reversed(event)));
        now.stream()
                .filter(event -> !known.containsKey(event.key()))
                .forEach(event -> changes.add(new ChainChange.Appeared(event)));
        return changes;
    }

    /** New ones of old blocks too: after a deep reorganisation the successor of a confirmed event is below the mark. */
    private static void confirm(
            List<ChainChange> changes,
            List<ChainEvent> now,
            Map<ChainEvent.Key, ChainEvent> known,
            long confirmedBefore,
            long confirmed) {
        for (ChainEvent event : now) {
            boolean fresh = !known.containsKey(event.key());
            if (event.block() <= confirmed && (fresh || event.block() > confirmedBefore)) {
                changes.add(new ChainChange.Confirmed(event));
            }
        }
    }
}
