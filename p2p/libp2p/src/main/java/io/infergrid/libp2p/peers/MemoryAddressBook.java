package io.infergrid.libp2p.peers;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.record.PeerRecord;
import io.infergrid.libp2p.record.SignedEnvelope;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An address book that ends with the process: the peers noted last, 16 addresses each. Thread-safe. */
public final class MemoryAddressBook implements AddressBook {

    private static final int MAX_PEERS = 4096;
    private static final int MAX_ADDRESSES = 16;

    private final InstantSource clock;
    private final int maxPeers;
    private final Map<PeerId, Entry> entries = new LinkedHashMap<>(16, 0.75f, true); // the eldest is the first to go

    private static final class Entry {
        final Map<Multiaddr, Instant> expiry = new LinkedHashMap<>(); // the latest is the last

        @Nullable
        SignedEnvelope envelope;

        @Nullable
        PeerRecord record;

        Instant certifiedUntil = Instant.MIN;
    }

    public MemoryAddressBook() {
        this(InstantSource.system(), MAX_PEERS);
    }

    public MemoryAddressBook(InstantSource clock, int maxPeers) {
        this.clock = clock;
        this.maxPeers = maxPeers;
    }

    @Override
    public synchronized void add(PeerId peer, List<Multiaddr> addresses, Duration life) {
        if (addresses.isEmpty()) {
            return;
        }
        var known = entry(peer).expiry;
        var until = clock.instant().plus(life);
        for (var address : addresses) {
            var plain = address.withoutPeer();
            var before = known.remove(plain);
            known.put(plain, before != null && before.isAfter(until) ? before : until);
        }
        while (known.size() > MAX_ADDRESSES) {
            known.remove(known.keySet().iterator().next());
        }
    }

    @Override
    public synchronized boolean certify(SignedEnvelope envelope, Duration life) throws IOException {
        var record = PeerRecord.open(envelope);
        var known = entry(record.peer());
        if (known.record != null && known.record.sequence() >= record.sequence()) {
            if (known.record.sequence() == record.sequence()) {
                known.certifiedUntil = clock.instant().plus(life);
            }
            return false;
        }
        known.record = record;
        known.envelope = envelope;
        known.certifiedUntil = clock.instant().plus(life);
        return true;
    }

    private Entry entry(PeerId peer) {
        var entry = entries.computeIfAbsent(peer, _ -> new Entry());
        if (entries.size() > maxPeers) {
            entries.remove(entries.keySet().iterator().next());
        }
        return entry;
    }

    @Override
    public synchronized List<Multiaddr> addresses(PeerId peer) {
        var entry = entries.get(peer);
        if (entry == null) {
            return List.of();
        }
        var now = clock.instant();
        entry.expiry.values().removeIf(until -> !until.isAfter(now));
        var result = new ArrayList<Multiaddr>();
        if (entry.record != null && entry.certifiedUntil.isAfter(now)) {
            entry.record.addresses().stream().limit(MAX_ADDRESSES).forEach(result::add);
        }
        for (var address : List.copyOf(entry.expiry.keySet()).reversed()) {
            if (!result.contains(address)) {
                result.add(address);
            }
        }
        return List.copyOf(result);
    }

    @Override
    public synchronized Optional<SignedEnvelope> record(PeerId peer) {
        var entry = entries.get(peer);
        return entry == null || !entry.certifiedUntil.isAfter(clock.instant())
                ? Optional.empty()
                : Optional.ofNullable(entry.envelope);
    }

    @Override
    public synchronized List<PeerId> peers(int limit) {
        return List.copyOf(entries.keySet()).reversed().stream().limit(limit).toList();
    }

    @Override
    public synchronized void remove(PeerId peer, Multiaddr address) {
        var entry = entries.get(peer);
        if (entry != null) {
            entry.expiry.remove(address.withoutPeer());
        }
    }

    @Override
    public synchronized void remove(PeerId peer) {
        entries.remove(peer);
    }
}
