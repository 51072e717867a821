package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.PeerId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The peers that a node knows, in 256 buckets by the length of the prefix that their key has in common with ours, {@code k} in each.
 * Peers that proved to be alive stay: a full bucket takes a newcomer only in place of one that does not answer, so that nobody drives
 * honest peers out by coming often (Maymounkov and Mazieres 2002, section 4.1). At most {@code perBucket} peers of a bucket and
 * {@code perTable} of the table share a network, so that one who owns a network does not own the table (CVE-2020-10937).
 *
 * <p>Knows no network and no clock of its own. Thread-safe.
 */
public final class RoutingTable {

    /**
     * How many peers of one network may be in it.
     *
     * @param perBucket in one bucket
     * @param perTable in all of them
     */
    public record Diversity(int perBucket, int perTable) {
        public static final Diversity DEFAULT = new Diversity(2, 3);
    }

    /** What became of a peer that was offered. */
    public sealed interface Offer {}

    /** It is in the table. */
    public record Taken() implements Offer {}

    /** It was there already; its addresses are those now. */
    public record Known() implements Offer {}

    /** The bucket is full; if {@code oldest} does not answer any more, the newcomer may take its place: {@link #replace}. */
    public record Full(Contact oldest) implements Offer {}

    /** Not taken: every peer of its bucket was alive a short while ago, its network has enough, or it is this node itself. */
    public record Refused(String why) implements Offer {}

    private static final class Entry {
        Contact contact;
        final @Nullable Object network;
        Instant confirmed;

        Entry(Contact contact, @Nullable Object network, Instant confirmed) {
            this.contact = contact;
            this.network = network;
            this.confirmed = confirmed;
        }
    }

    private final KadKey self;
    private final int k;
    private final Diversity diversity;
    private final Duration fresh;
    private final InstantSource clock;
    /** By common prefix; the least recently confirmed peer first. */
    private final List<List<Entry>> buckets = new ArrayList<>();

    private final Map<PeerId, Entry> entries = new HashMap<>();
    private final Map<Object, Integer> networks = new HashMap<>();

    /**
     * An empty table.
     *
     * @param k places in a bucket
     * @param fresh a peer that was alive within so long is not pinged to make room
     */
    public RoutingTable(KadKey self, int k, Diversity diversity, Duration fresh, InstantSource clock) {
        this.self = self;
        this.k = k;
        this.diversity = diversity;
        this.fresh = fresh;
        this.clock = clock;
        for (int i = 0; i < KadKey.BITS; i++) {
            buckets.add(new ArrayList<>(0));
        }
    }

    /**
     * Offers a peer that was alive just now.
     *
     * @param network that it was reached in, e.g. its /24; null for one that is not counted, as on a local network
     */
    public synchronized Offer offer(Contact contact, @Nullable Object network) {
        if (contact.key().equals(self)) {
            return new Refused("this node itself");
        }
        var known = entries.get(contact.peer());
        if (known != null) {
            known.contact = contact;
            confirm(known);
            return new Known();
        }
        var bucket = bucket(contact.key());
        if (crowded(network, bucket)) {
            return new Refused("enough peers of the network " + network);
        }
        if (bucket.size() < k) {
            add(bucket, new Entry(contact, network, clock.instant()));
            return new Taken();
        }
        var oldest = bucket.getFirst();
        if (oldest.confirmed.plus(fresh).isAfter(clock.instant())) {
            return new Refused("its bucket is full of peers that are alive");
        }
        oldest.confirmed = clock.instant(); // asked once for many newcomers
        return new Full(oldest.contact);
    }

    /** Puts {@code newcomer} where {@code gone} was, which did not answer; false if meanwhile there is no place. */
    public synchronized boolean replace(PeerId gone, Contact newcomer, @Nullable Object network) {
        remove(gone);
        return offer(newcomer, network) instanceof Taken;
    }

    /** A peer answered. */
    public synchronized void confirmed(PeerId peer) {
        var entry = entries.get(peer);
        if (entry != null) {
            confirm(entry);
        }
    }

    private void confirm(Entry entry) {
        entry.confirmed = clock.instant();
        var bucket = bucket(entry.contact.key());
        bucket.remove(entry);
        bucket.add(entry);
    }

    /** A peer did not answer, or misbehaved, or serves the DHT no more; true if it was in the table. */
    public synchronized boolean remove(PeerId peer) {
        var entry = entries.remove(peer);
        if (entry == null) {
            return false;
        }
        bucket(entry.contact.key()).remove(entry);
        if (entry.network != null) {
            networks.merge(entry.network, -1, (a, b) -> a + b == 0 ? null : a + b);
        }
        return true;
    }

    private void add(List<Entry> bucket, Entry entry) {
        bucket.add(entry);
        entries.put(entry.contact.peer(), entry);
        if (entry.network != null) {
            networks.merge(entry.network, 1, Integer::sum);
        }
    }

    private boolean crowded(@Nullable Object network, List<Entry> bucket) {
        if (network == null) {
            return false;
        }
        int inBucket = 0;
        for (var entry : bucket) {
            inBucket += network.equals(entry.network) ? 1 : 0;
        }
        return inBucket >= diversity.perBucket || networks.getOrDefault(network, 0) >= diversity.perTable;
    }

    private List<Entry> bucket(KadKey key) {
        return buckets.get(Math.min(self.commonPrefix(key), KadKey.BITS - 1));
    }

    /** The {@code count} peers nearest to {@code target}, nearest first. */
    public synchronized List<Contact> closest(KadKey target, int count) {
        int prefix = Math.min(self.commonPrefix(target), KadKey.BITS - 1);
        var found = new ArrayList<Contact>(count + k);
        gather(prefix, found);
        if (found.size() < count) {
            // all of these differ from the target first in the same bit, so none of their buckets comes before another
            for (int i = prefix + 1; i < KadKey.BITS; i++) {
                gather(i, found);
            }
        }
        for (int i = prefix - 1; i >= 0 && found.size() < count; i--) {
            gather(i, found);
        }
        found.sort((x, y) -> target.compareDistance(x.key(), y.key()));
        return found.size() > count ? List.copyOf(found.subList(0, count)) : found;
    }

    private void gather(int bucket, List<Contact> to) {
        for (var entry : buckets.get(bucket)) {
            to.add(entry.contact);
        }
    }

    public synchronized Optional<Contact> find(PeerId peer) {
        return Optional.ofNullable(entries.get(peer)).map(e -> e.contact);
    }

    public synchronized int size() {
        return entries.size();
    }

    /** All peers, those of the farthest bucket first. */
    public synchronized List<Contact> contacts() {
        return buckets.stream().flatMap(List::stream).map(e -> e.contact).toList();
    }

    /** Peers that were not heard of since {@code before}, at most {@code most}, the longest silent first. */
    public synchronized List<Contact> silentSince(Instant before, int most) {
        return entries.values().stream()
                .filter(e -> e.confirmed.isBefore(before))
                .sorted((x, y) -> x.confirmed.compareTo(y.confirmed))
                .limit(most)
                .map(e -> e.contact)
                .toList();
    }

    /** The longest common prefix with a peer in the table, -1 if it is empty: buckets beyond need no refreshing. */
    public synchronized int deepest() {
        for (int i = KadKey.BITS - 1; i >= 0; i--) {
            if (!buckets.get(i).isEmpty()) {
                return i;
            }
        }
        return -1;
    }
}
