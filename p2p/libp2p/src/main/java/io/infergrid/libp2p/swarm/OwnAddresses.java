package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.record.PeerRecord;
import io.infergrid.libp2p.record.SignedEnvelope;
import io.infergrid.libp2p.transport.Transport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Where this host can be reached: what it listens on or was told to announce, and what services add. Numbers its signed record by the
 * clock, so that one after a restart counts as newer. Thread-safe.
 */
final class OwnAddresses {

    private final PrivateKey identity;
    private final PeerId self;
    private final List<Multiaddr> fixed;
    private final List<Transport.Listening> listenings = new CopyOnWriteArrayList<>();
    private final Map<String, List<Multiaddr>> announced = new LinkedHashMap<>(); // by source
    private @Nullable List<Multiaddr> recorded;
    private @Nullable SignedEnvelope record;
    private long sequence;

    /**
     * @param fixed to announce in place of what is found on this machine; may be empty
     */
    OwnAddresses(PrivateKey identity, List<Multiaddr> fixed) {
        this.identity = identity;
        this.fixed = fixed;
        self = identity.peerId();
    }

    void add(Transport.Listening listening) {
        listenings.add(listening);
    }

    List<Multiaddr> listening() {
        return listenings.stream().map(Transport.Listening::bound).toList();
    }

    void stopListening() {
        listenings.forEach(Transport.Listening::close);
    }

    synchronized void announce(String source, List<Multiaddr> addresses) {
        if (addresses.isEmpty()) {
            announced.remove(source);
        } else {
            announced.put(source, List.copyOf(addresses));
        }
    }

    /** All of them, each with our peer id at its end. */
    List<Multiaddr> all() {
        var plain = new ArrayList<Multiaddr>(fixed);
        if (fixed.isEmpty()) {
            listenings.forEach(l -> plain.addAll(l.addresses()));
        }
        synchronized (this) {
            announced.values().forEach(plain::addAll);
        }
        return plain.stream().map(a -> a.withPeer(self)).distinct().toList();
    }

    synchronized SignedEnvelope record() {
        var now = all();
        if (record == null || !now.equals(recorded)) {
            recorded = now;
            sequence = Math.max(sequence + 1, System.currentTimeMillis());
            record = PeerRecord.seal(identity, sequence, now);
        }
        return record;
    }
}
