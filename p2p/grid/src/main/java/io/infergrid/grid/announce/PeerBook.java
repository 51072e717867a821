package io.infergrid.grid.announce;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Announcements that were heard and did not expire, and hints of peers that were not heard yet. Bounded; thread-safe. */
public final class PeerBook {

    private static final int MAX_PEERS = 4096;
    private static final int MAX_HINTS = 1024;
    /** However short the period: a busy machine may miss a few. */
    private static final Duration SHORTEST_LIFE = Duration.ofSeconds(10);

    private final Clock clock;
    private final Map<PeerId, Entry> heard = new HashMap<>();
    private final LinkedHashMap<PeerId, Announcement.Hint> hints = new LinkedHashMap<>();

    public PeerBook(Clock clock) {
        this.clock = clock;
    }

    /** @param roundTrip of the last ping, zero if there was none yet */
    public record Entry(Announcement announcement, Instant at, Duration roundTrip) {

        boolean expired(Instant now) {
            Duration life = announcement.period().multipliedBy(2);
            return at.plus(life.compareTo(SHORTEST_LIFE) < 0 ? SHORTEST_LIFE : life)
                    .isBefore(now);
        }
    }

    /**
     * Takes what a peer said of itself over its own connection.
     *
     * @return what was known of the peer before
     */
    public synchronized Optional<Entry> hear(Announcement announcement, Duration roundTrip) {
        PeerId peer = announcement.node();
        Entry before = heard.get(peer);
        if (before == null && heard.size() >= MAX_PEERS) {
            return Optional.empty();
        }
        Duration trip = roundTrip.isZero() && before != null ? before.roundTrip() : roundTrip;
        heard.put(peer, new Entry(announcement, clock.instant(), trip));
        hints.remove(peer);
        return Optional.ofNullable(before);
    }

    /**
     * Takes what a peer signed and others passed on. It counts from when it was said, as far as that can be known, so that a peer that
     * is gone is not held up by those who still tell of it.
     *
     * @return whether it is newer than what was known
     */
    synchronized boolean overhear(Announcement announcement, Duration roundTrip) {
        PeerId peer = announcement.node();
        Entry before = heard.get(peer);
        if (before == null ? heard.size() >= MAX_PEERS : before.announcement().at() >= announcement.at()) {
            return false;
        }
        Instant now = clock.instant();
        // the clocks of strangers differ, so an age beyond a period is more likely a wrong clock
        long age = Math.clamp(
                now.toEpochMilli() - announcement.at(), 0, announcement.period().toMillis());
        Instant at = now.minusMillis(age);
        Duration trip = roundTrip.isZero() && before != null ? before.roundTrip() : roundTrip;
        heard.put(peer, new Entry(announcement, at, trip));
        hints.remove(peer);
        return true;
    }

    /** Takes the word of a third; true if it is of a peer that is not known. */
    synchronized boolean hint(Announcement.Hint hint) {
        if (heard.containsKey(hint.peer()) || hint.addresses().isEmpty() || hints.size() >= MAX_HINTS) {
            return false;
        }
        return hints.putIfAbsent(hint.peer(), hint) == null;
    }

    /** Up to {@code most} hints, which are then forgotten: whoever takes them tries them. */
    synchronized List<Announcement.Hint> takeHints(int most) {
        var taken = new ArrayList<Announcement.Hint>();
        var all = hints.values().iterator();
        while (taken.size() < most && all.hasNext()) {
            taken.add(all.next());
            all.remove();
        }
        return taken;
    }

    /** Forgets what expired; returns whom. */
    synchronized List<PeerId> expire() {
        Instant now = clock.instant();
        List<PeerId> gone = heard.entrySet().stream()
                .filter(entry -> entry.getValue().expired(now))
                .map(Map.Entry::getKey)
                .toList();
        gone.forEach(heard::remove);
        return gone;
    }

    /** Forgets a peer that failed, until it announces itself again; true if it was known. */
    public synchronized boolean forget(PeerId peer) {
        return heard.remove(peer) != null;
    }

    /** The connection to a peer is gone: it is known no more, but where it was is worth a try; true if it was known. */
    public synchronized boolean disconnected(PeerId peer) {
        Entry entry = heard.remove(peer);
        if (entry != null) {
            hint(new Announcement.Hint(peer, entry.announcement().addresses()));
        }
        return entry != null;
    }

    /** All that are known and not expired, in the order of their ids. */
    public synchronized List<Entry> peers() {
        Instant now = clock.instant();
        return heard.values().stream()
                .filter(entry -> !entry.expired(now))
                .sorted((a, b) ->
                        a.announcement().node().compareTo(b.announcement().node()))
                .toList();
    }

    public synchronized Optional<Entry> find(PeerId peer) {
        return Optional.ofNullable(heard.get(peer)).filter(entry -> !entry.expired(clock.instant()));
    }

    /** Where a peer can be dialled, as it announced it; empty if it is not known. */
    public List<Multiaddr> addresses(PeerId peer) {
        return find(peer).map(entry -> entry.announcement().addresses()).orElse(List.of());
    }
}
