package io.infergrid.grid.batching;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Steps that wait for the engine, and the choice of what it computes together. Not thread-safe.
 *
 * <p>One step leads each batch and decides its stage. Leaders come from the most urgent priority that waits, and within it from each
 * peer in turn. A less urgent step that has been passed over {@link Priority#patience} times leads nevertheless, but never two such batches
 * in a row. What is computed beside the leader: first the single tokens that somebody waits for, of each peer in turn; then, by priority,
 * chunks of what is longer, as far as the budget of positions goes. Each peer gets the same number of positions, however many sessions it has,
 * by start-time fair queueing: a peer's account grows by what it gets, the lowest account is next, and who comes or comes back starts no
 * lower than those who waited. A step that does not fit is computed in parts; by IG1 its bytes are the same.
 *
 * @param <T> a step
 */
public final class StepQueue<T> {

    /** Positions that a peer gets before it is the next one's turn. */
    static final int QUANTUM = 32;

    /** What leading a batch costs a peer at least, in positions: reading the weights takes about as long. */
    private static final int LEADING = 16;

    /**
     * What one batch may hold at most.
     *
     * @param sessions most steps
     * @param positions most positions over all steps
     */
    public record Limits(int sessions, int positions) {

        /** Beyond these a batch takes longer and gains little: its matrices are long enough for any device's units. */
        public static final Limits DEFAULT = new Limits(64, 256);
    }

    /** What the queue must know of a step. */
    public interface Traits<T> {

        /** What two steps must share to be computed together, by identity. */
        Object stage(T step);

        /** Whom the step is for; peers have equal shares. */
        Object peer(T step);

        Priority priority(T step);

        /** Positions that are left to compute; falls as parts are computed. */
        int positions(T step);
    }

    /** Positions of a step that are computed now: the next ones of it. */
    public record Share<T>(T step, int positions) {}

    /** A step that waits, and how many batches went without it. */
    private static final class Waiting<T> {
        private final T step;
        private final long arrival;
        private int passedOver;

        Waiting(T step, long arrival) {
            this.step = step;
            this.arrival = arrival;
        }
    }

    /** What a peer had so far, in positions, for all its steps together. */
    private static final class Account {
        private long positions;
    }

    /** One peer's steps of one priority. */
    private record Lane<T>(Account account, ArrayDeque<Waiting<T>> steps) {}

    private static final Comparator<Lane<?>> LOWEST_FIRST = Comparator.comparingLong(lane -> lane.account().positions);

    private final Limits limits;
    private final Traits<T> traits;
    private final Map<Object, Account> accounts = new HashMap<>();
    /** Where the account of whoever was served last stood; those beneath it that wait for nothing are forgotten. */
    private long served;

    /** For each priority the lanes by peer. */
    private final List<LinkedHashMap<Object, Lane<T>>> lanes = new ArrayList<>();

    private long arrivals;
    private int size;
    private boolean overdueLed;

    public StepQueue(Limits limits, Traits<T> traits) {
        this.limits = limits;
        this.traits = traits;
        for (int i = 0; i < Priority.values().length; i++) {
            lanes.add(new LinkedHashMap<>());
        }
    }

    public void add(T step) {
        Object peer = traits.peer(step);
        Account account = accounts.computeIfAbsent(peer, p -> new Account());
        if (!waits(peer)) {
            account.positions = Math.max(account.positions, served);
        }
        lanes.get(traits.priority(step).ordinal())
                .computeIfAbsent(peer, p -> new Lane<>(account, new ArrayDeque<>()))
                .steps
                .add(new Waiting<>(step, arrivals++));
        size++;
    }

    private boolean waits(Object peer) {
        return lanes.stream().anyMatch(peers -> peers.containsKey(peer));
    }

    public boolean isEmpty() {
        return size == 0;
    }

    public int size() {
        return size;
    }

    /** Drops the steps that nobody waits for any more. */
    public void removeIf(Predicate<T> dead) {
        for (Map<Object, Lane<T>> peers : lanes) {
            for (Lane<T> lane : peers.values()) {
                int before = lane.steps.size();
                lane.steps.removeIf(waiting -> dead.test(waiting.step));
                size -= before - lane.steps.size();
            }
            peers.values().removeIf(lane -> lane.steps.isEmpty());
        }
    }

    /**
     * Takes the next batch. Steps of which only a part is in it stay in the queue; their {@link Traits#positions} must have fallen before
     * the next call.
     *
     * @param positions most positions of this batch, at most those of the limits; at least one is taken
     * @return at least one share if there was a step, no step twice
     */
    public List<Share<T>> next(int positions) {
        Waiting<T> leader = leader();
        if (leader == null) {
            return List.of();
        }
        var batch = new Batch(traits.stage(leader.step), Math.clamp(positions, 1, limits.positions()));
        int led = batch.take(leader, QUANTUM);
        batch.tokens(Priority.INTERACTIVE);
        batch.tokens(Priority.BATCH);
        for (Priority priority : Priority.values()) {
            batch.chunks(priority);
        }
        List<Share<T>> shares = batch.shares();
        account(leader).positions += Math.max(0, LEADING - led);
        settle(batch.taken);
        return shares;
    }

    private @Nullable Waiting<T> leader() {
        Waiting<T> overdue = overdueLed ? null : overdue();
        overdueLed = overdue != null;
        if (overdue != null) {
            return overdue;
        }
        for (LinkedHashMap<Object, Lane<T>> peers : lanes) {
            var next = peers.values().stream().min(LOWEST_FIRST);
            if (next.isPresent()) {
                return next.get().steps.getFirst();
            }
        }
        return null;
    }

    /** The step that has waited longest of those that have been passed over too often. */
    private @Nullable Waiting<T> overdue() {
        Waiting<T> longest = null;
        for (Priority priority : Priority.values()) {
            for (Lane<T> lane : lanes.get(priority.ordinal()).values()) {
                Waiting<T> first = lane.steps.getFirst();
                if (first.passedOver >= priority.patience() && (longest == null || first.arrival < longest.arrival)) {
                    longest = first;
                }
            }
        }
        return longest;
    }

    private Account account(Waiting<T> waiting) {
        return accounts.computeIfAbsent(traits.peer(waiting.step), peer -> new Account());
    }

    /** Removes what is taken as a whole, counts who was passed over, and forgets the accounts that do not matter any more. */
    private void settle(Map<T, Integer> taken) {
        for (LinkedHashMap<Object, Lane<T>> peers : lanes) {
            for (Iterator<Lane<T>> each = peers.values().iterator(); each.hasNext(); ) {
                Lane<T> lane = each.next();
                for (Iterator<Waiting<T>> steps = lane.steps.iterator(); steps.hasNext(); ) {
                    Waiting<T> waiting = steps.next();
                    int positions = taken.getOrDefault(waiting.step, 0);
                    if (positions == traits.positions(waiting.step)) {
                        steps.remove();
                        size--;
                    } else {
                        waiting.passedOver = positions > 0 ? 0 : Math.min(waiting.passedOver + 1, 1 << 20);
                    }
                }
                if (lane.steps.isEmpty()) {
                    each.remove();
                }
            }
        }
        accounts.entrySet().removeIf(entry -> entry.getValue().positions <= served && !waits(entry.getKey()));
    }

    /** A batch as it is filled. */
    private final class Batch {
        private final Object stage;
        private final Map<T, Integer> taken = new IdentityHashMap<>();
        private final List<T> order = new ArrayList<>();
        private int room;

        Batch(Object stage, int room) {
            this.stage = stage;
            this.room = room;
        }

        List<Share<T>> shares() {
            return order.stream()
                    .map(step -> new Share<>(step, taken.getOrDefault(step, 0)))
                    .toList();
        }

        /** Positions of the step that could still be taken. */
        private int open(Waiting<T> waiting) {
            T step = waiting.step;
            if (room == 0
                    || traits.stage(step) != stage
                    || (!taken.containsKey(step) && order.size() == limits.sessions())) {
                return 0;
            }
            return Math.min(room, traits.positions(step) - taken.getOrDefault(step, 0));
        }

        /** Takes up to so many positions of a step, on its peer's account. */
        int take(Waiting<T> waiting, int most) {
            int positions = Math.min(open(waiting), most);
            if (positions > 0) {
                if (taken.merge(waiting.step, positions, Integer::sum) == positions) {
                    order.add(waiting.step);
                }
                room -= positions;
                Account account = account(waiting);
                served = Math.max(served, account.positions);
                account.positions += positions;
            }
            return positions;
        }

        /** Steps of a single position, one of each peer in turn. */
        void tokens(Priority priority) {
            var turns = new ArrayDeque<Iterator<Waiting<T>>>();
            lanes.get(priority.ordinal()).values().forEach(lane -> turns.add(lane.steps.iterator()));
            for (Iterator<Waiting<T>> turn; room > 0 && (turn = turns.poll()) != null; ) {
                while (turn.hasNext()) {
                    Waiting<T> waiting = turn.next();
                    if (traits.positions(waiting.step) == 1 && take(waiting, 1) > 0) {
                        turns.add(turn);
                        break;
                    }
                }
            }
        }

        /** Positions of what is longer, a quantum for whoever had least so far. */
        void chunks(Priority priority) {
            while (room > 0) {
                Lane<T> lowest = lanes.get(priority.ordinal()).values().stream()
                        .filter(lane -> firstOpen(lane) != null)
                        .min(LOWEST_FIRST)
                        .orElse(null);
                if (lowest == null) {
                    return;
                }
                int left = QUANTUM;
                for (Waiting<T> next; left > 0 && (next = firstOpen(lowest)) != null; ) {
                    left -= take(next, left);
                }
            }
        }

        private @Nullable Waiting<T> firstOpen(Lane<T> lane) {
            for (Waiting<T> waiting : lane.steps) {
                if (open(waiting) > 0) {
                    return waiting;
                }
            }
            return null;
        }
    }
}
