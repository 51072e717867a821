package io.infergrid.libp2p.holepunch;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.PublicAddresses;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.LengthPrefixed;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns relayed connections into direct ones (DCUtR). The side that was dialled over the relay leads: it first tries the other's public
 * addresses by itself; then, at most three times, both exchange where they are seen, measure the way, and dial at the same moment.
 * The host then uses the direct connection for every new stream, and the relayed one ends with its last.
 */
public final class HolePunching implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(HolePunching.class);
    private static final int ATTEMPTS = 3;
    private static final int MAX_STREAMS = 1;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Duration ALONE = Duration.ofSeconds(2); // while the other side waits for us to begin

    private final Host host;
    private final Supplier<List<Multiaddr>> own;
    private final Predicate<Multiaddr> mayBeDialled;
    private final Set<PeerId> running = ConcurrentHashMap.newKeySet();
    private final HostListener identified = new HostListener() {
        @Override
        public void identified(Connection connection, PeerInfo info) {
            if (connection.relayed() && connection.inbound() && info.protocols().contains(HolePunchMessage.PROTOCOL)) {
                lead(connection, info);
            }
        }
    };

    /**
     * Does nothing yet.
     *
     * @param own where we are seen from outside, best first
     * @param mayBeDialled which addresses of others to dial; {@link PublicAddresses#isPublic(Multiaddr)} but for tests
     */
    public HolePunching(Host host, Supplier<List<Multiaddr>> own, Predicate<Multiaddr> mayBeDialled) {
        this.host = host;
        this.own = own;
        this.mayBeDialled = mayBeDialled;
    }

    /** Works on relayed connections from now on. */
    public HolePunching start() {
        host.handle(
                HolePunchMessage.PROTOCOL, HandlerOptions.atMost(MAX_STREAMS).alsoRelayed(), this::follow);
        host.addListener(identified);
        return this;
    }

    // ---- the side that was dialled over the relay ----

    private void lead(Connection relayed, PeerInfo info) {
        var peer = relayed.remote();
        if (!running.add(peer)) {
            return; // one session a peer
        }
        Thread.ofVirtual().name("libp2p-holepunch-" + peer).start(() -> {
            try {
                if (!byItself(peer, info)) {
                    together(relayed);
                }
            } finally {
                running.remove(peer);
            }
        });
    }

    private boolean byItself(PeerId peer, PeerInfo info) {
        var addresses = dialable(peer, info.addresses());
        if (addresses.isEmpty()) {
            return false;
        }
        try {
            var direct = host.dialDirect(peer, addresses, ALONE, false);
            LOG.info("{} is reached directly at {}", peer, direct.remoteAddress());
            host.counters().count(Event.HOLE_PUNCHED);
            return true;
        } catch (IOException e) {
            LOG.debug("{} cannot be reached directly at {}: {}", peer, addresses, e.getMessage());
            return false;
        }
    }

    private void together(Connection relayed) {
        for (int i = 1; i <= ATTEMPTS && relayed.isOpen(); i++) {
            try {
                var direct = attempt(relayed);
                LOG.info("{} is reached directly at {}, at attempt {}", relayed.remote(), direct.remoteAddress(), i);
                host.counters().count(Event.HOLE_PUNCHED);
                return;
            } catch (DecodeException e) {
                host.report(relayed.remote(), Event.MALFORMED, String.valueOf(e.getMessage()));
                return;
            } catch (IOException e) {
                host.report(relayed.remote(), Event.HOLE_PUNCH_FAILED, "attempt " + i + ": " + e.getMessage());
            }
        }
    }

    private Connection attempt(Connection relayed) throws IOException {
        List<Multiaddr> addresses;
        long halfWay;
        try (var stream = relayed.open(TIMEOUT, List.of(HolePunchMessage.PROTOCOL))) {
            stream.timeout(TIMEOUT);
            long start = System.nanoTime();
            LengthPrefixed.write(stream.out(), new HolePunchMessage.Connect(ownAddresses()).encode());
            addresses = connect(stream, relayed.remote());
            halfWay = (System.nanoTime() - start) / 2;
            LengthPrefixed.write(stream.out(), new HolePunchMessage.Sync().encode());
            stream.closeWrite();
        }
        long dialAt = System.nanoTime() + halfWay; // when the other side has heard of it
        for (long left = halfWay; left > 0; left = dialAt - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return host.dialDirect(relayed.remote(), addresses, TIMEOUT, true);
    }

    // ---- the side that dialled over the relay ----

    private void follow(Connection relayed, Stream stream) throws IOException {
        var peer = relayed.remote();
        if (!relayed.relayed() || relayed.inbound()) {
            throw new DecodeException("dcutr: expected a relayed connection that we dialled, found another");
        }
        stream.timeout(TIMEOUT);
        var addresses = connect(stream, peer);
        LengthPrefixed.write(stream.out(), new HolePunchMessage.Connect(ownAddresses()).encode());
        var sync = HolePunchMessage.decode(LengthPrefixed.read(stream.in(), HolePunchMessage.MAX_BYTES, "dcutr"));
        if (!(sync instanceof HolePunchMessage.Sync)) {
            throw new DecodeException("dcutr: expected SYNC, found " + sync);
        }
        try {
            var direct = host.dialDirect(peer, addresses, TIMEOUT, false);
            LOG.info("{} is reached directly at {}", peer, direct.remoteAddress());
            host.counters().count(Event.HOLE_PUNCHED);
        } catch (IOException e) {
            host.report(peer, Event.HOLE_PUNCH_FAILED, String.valueOf(e.getMessage()));
        }
    }

    // ---- both ----

    /** The other side's addresses that may be dialled. */
    private List<Multiaddr> connect(Stream stream, PeerId peer) throws IOException {
        var message = HolePunchMessage.decode(LengthPrefixed.read(stream.in(), HolePunchMessage.MAX_BYTES, "dcutr"));
        if (!(message instanceof HolePunchMessage.Connect(var told))) {
            throw new DecodeException("dcutr: expected CONNECT, found " + message);
        }
        var addresses = dialable(peer, told);
        if (addresses.isEmpty()) {
            throw new IOException("dcutr: expected an address that the internet routes, found " + told);
        }
        return addresses;
    }

    private List<Multiaddr> dialable(PeerId peer, List<Multiaddr> told) {
        return told.stream()
                .filter(a -> !a.isRelayed() && mayBeDialled.test(a))
                .filter(a -> a.peer().map(peer::equals).orElse(true))
                .map(Multiaddr::withoutPeer)
                .distinct()
                .limit(HolePunchMessage.MAX_ADDRESSES)
                .toList();
    }

    private List<Multiaddr> ownAddresses() {
        return own.get().stream()
                .filter(a -> !a.isRelayed())
                .map(Multiaddr::withoutPeer)
                .distinct()
                .limit(HolePunchMessage.MAX_ADDRESSES)
                .toList();
    }

    /** Leaves relayed connections as they are from now on. */
    @Override
    public void close() {
        host.removeListener(identified);
        host.unhandle(HolePunchMessage.PROTOCOL);
    }
}
