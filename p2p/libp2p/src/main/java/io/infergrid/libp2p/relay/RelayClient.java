package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PublicAddresses;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.LengthPrefixed;
import io.infergrid.libp2p.transport.Link;
import io.infergrid.libp2p.transport.Transport;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reaches peers over relays, and is reached over those at which it holds a slot. {@link #reserve} takes one, {@link #tick} renews what
 * is due; the addresses over relays are announced while a slot lasts. Dialling over a relay needs no slot. Blocking and thread-safe.
 */
public final class RelayClient implements Transport {

    /** The protocol that relays serve; {@code PeerInfo.protocols} tells who does. */
    public static final String HOP = HopMessage.PROTOCOL;

    private static final Logger LOG = LoggerFactory.getLogger(RelayClient.class);
    private static final String SOURCE = "relay"; // of announced addresses and of protection
    private static final int MAX_STREAMS = 128;
    private static final int MAX_ADDRESSES = 4; // of one relay
    private static final Duration LONGEST = Duration.ofHours(24);
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final Host host;
    private final Clock clock;
    private final Map<PeerId, Slot> slots = new ConcurrentHashMap<>();
    private final Set<PeerId> reserving = ConcurrentHashMap.newKeySet();
    private final HostListener leaving = new HostListener() {
        @Override
        public void disconnected(Connection connection) {
            if (slots.remove(connection.remote()) != null) {
                host.unprotect(connection.remote(), SOURCE);
                LOG.info("the relay {} is gone, and our slot at it", connection.remote());
                announce();
            }
        }
    };

    /**
     * A slot at a relay.
     *
     * @param expires when it ends unless it is renewed
     * @param renew when it is due to be
     * @param addresses at which we can be dialled over it, without our {@code /p2p}
     * @param limit what the relay lets through a circuit
     */
    public record Slot(PeerId relay, Instant expires, Instant renew, List<Multiaddr> addresses, CircuitLimit limit) {}

    public RelayClient(Host host, Clock clock) {
        this.host = host;
        this.clock = clock;
    }

    /** Joins the host: dials over relays from now on, and takes circuits from those at which we hold a slot. */
    public RelayClient start() {
        host.addListener(leaving);
        host.addTransport(this);
        host.handle(StopMessage.PROTOCOL, HandlerOptions.atMost(MAX_STREAMS), this::serveStop);
        return this;
    }

    // ---- slots ----

    /**
     * Takes or renews a slot at a relay, and announces the addresses over it.
     *
     * @param addresses of the relay, if it is not connected
     * @throws IOException if it cannot be reached or would not; the message names its status
     */
    public Slot reserve(PeerId relay, List<Multiaddr> addresses, Duration limit) throws IOException {
        var connection = host.connect(relay, addresses, limit);
        if (connection.relayed()) {
            throw new IOException(
                    "relay " + relay + ": expected a direct connection to take a slot over, found a relayed one");
        }
        reserving.add(relay);
        try {
            var slot = ask(connection, limit);
            slots.put(relay, slot);
            host.protect(relay, SOURCE);
            if (!connection.isOpen()) {
                slots.remove(relay, slot); // it went while we asked
                host.unprotect(relay, SOURCE);
                throw new IOException("relay " + relay + ": the connection ended");
            }
            announce();
            return slot;
        } finally {
            reserving.remove(relay);
        }
    }

    private Slot ask(Connection connection, Duration limit) throws IOException {
        var relay = connection.remote();
        try (var stream = connection.open(limit, List.of(HopMessage.PROTOCOL))) {
            stream.timeout(limit);
            LengthPrefixed.write(stream.out(), new HopMessage.Reserve().encode());
            var message = HopMessage.decode(LengthPrefixed.read(stream.in(), HopMessage.MAX_BYTES, "hop"));
            if (!(message instanceof HopMessage.Answer answer)) {
                throw new DecodeException("hop: expected a status, found " + message);
            }
            if (answer.status() != RelayStatus.OK || answer.reservation().isEmpty()) {
                throw new IOException("relay " + relay + ": expected a slot, found " + answer.status());
            }
            return slot(connection, answer.reservation().get(), answer.limit());
        } catch (DecodeException e) {
            host.report(relay, Event.MALFORMED, String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private Slot slot(Connection connection, Reservation reservation, CircuitLimit limit) throws IOException {
        var relay = connection.remote();
        if (reservation.voucher().length > 0) {
            Voucher.open(reservation.voucher(), relay, host.peerId());
        }
        var now = clock.instant();
        var life = Duration.between(now, reservation.expires());
        if (!life.isPositive()) {
            throw new DecodeException(
                    "relay " + relay + ": expected a slot that lasts, found one until " + reservation.expires());
        }
        life = life.compareTo(LONGEST) < 0 ? life : LONGEST;
        return new Slot(
                relay,
                now.plus(life),
                now.plus(life.multipliedBy(3).dividedBy(4)),
                addresses(connection, reservation),
                limit);
    }

    /** Where the relay says it is, the public ones if there are any; else where we reached it. */
    private static List<Multiaddr> addresses(Connection connection, Reservation reservation) {
        var told = reservation.addresses().stream()
                .filter(a -> !a.isRelayed())
                .filter(a -> a.peer().map(connection.remote()::equals).orElse(true))
                .map(Multiaddr::withoutPeer)
                .distinct()
                .toList();
        var open = told.stream().filter(PublicAddresses::isPublic).toList();
        var best = !open.isEmpty() ? open : !told.isEmpty() ? told : List.of(connection.remoteAddress());
        return best.stream()
                .limit(MAX_ADDRESSES)
                .map(a -> CircuitAddress.over(a, connection.remote()))
                .toList();
    }

    /** The slots that we hold. */
    public List<Slot> slots() {
        return List.copyOf(slots.values());
    }

    /** Gives a slot up: the relay is not told, since it forgets by itself, but the address is no longer announced. */
    public void release(PeerId relay) {
        if (slots.remove(relay) != null) {
            host.unprotect(relay, SOURCE);
            announce();
        }
    }

    /** Renews what is due, each on the calling thread; a slot whose relay would not is given up once it ended. */
    public void tick(Instant now) {
        for (var slot : slots.values()) {
            if (now.isBefore(slot.renew())) {
                continue;
            }
            try {
                reserve(slot.relay(), List.of(), TIMEOUT);
            } catch (IOException e) {
                LOG.info("the slot at relay {} could not be renewed: {}", slot.relay(), e.getMessage());
                if (!now.isBefore(slot.expires())) {
                    release(slot.relay());
                }
            }
        }
    }

    private void announce() {
        var all = new ArrayList<Multiaddr>();
        slots.values().forEach(slot -> all.addAll(slot.addresses()));
        host.announce(SOURCE, all);
    }

    // ---- circuits to us ----

    private void serveStop(Connection connection, Stream stream) throws IOException {
        stream.timeout(TIMEOUT);
        var relay = connection.remote();
        if (!slots.containsKey(relay) && !reserving.contains(relay)) {
            host.report(relay, Event.RELAY_UNASKED, "a circuit from a relay at which we hold no slot");
            answer(stream, RelayStatus.PERMISSION_DENIED);
            return;
        }
        StopMessage request;
        try {
            request = StopMessage.decode(LengthPrefixed.read(stream.in(), StopMessage.MAX_BYTES, "stop"));
        } catch (DecodeException e) {
            answer(stream, RelayStatus.MALFORMED_MESSAGE);
            throw e;
        }
        if (!(request instanceof StopMessage.Connect)) {
            answer(stream, RelayStatus.UNEXPECTED_MESSAGE);
            return;
        }
        var from = CircuitAddress.over(connection.remoteAddress(), relay);
        var arrival = host.acceptor().knock(from);
        if (arrival.isEmpty()) {
            answer(stream, RelayStatus.RESOURCE_LIMIT_EXCEEDED);
            return;
        }
        var link = new RelayedConnection(stream, from);
        try {
            answer(stream, RelayStatus.OK);
        } catch (IOException e) {
            arrival.get().failed(e);
            throw e;
        }
        stream.timeout(Duration.ZERO);
        arrival.get().accept(link);
        try {
            link.awaitClose(); // the stream is ours only as long as this handler runs
        } catch (InterruptedException e) {
            link.close();
            Thread.currentThread().interrupt();
        }
    }

    private static void answer(Stream stream, RelayStatus status) throws IOException {
        LengthPrefixed.write(stream.out(), new StopMessage.Answer(status).encode());
    }

    // ---- circuits from us ----

    @Override
    public boolean dials(Multiaddr address) {
        return CircuitAddress.of(address).isPresent();
    }

    @Override
    public boolean listens(Multiaddr address) {
        return false; // a slot is taken by reserve, at any time
    }

    @Override
    public Listening listen(Multiaddr address, Acceptor acceptor) throws IOException {
        throw new IOException("listen: expected an address of this machine, found " + address + "; use reserve");
    }

    @Override
    public Link dial(Multiaddr address, PeerId expected, Duration limit) throws IOException {
        var circuit = CircuitAddress.of(address)
                .orElseThrow(() -> new IOException("dial: expected an address over one relay, found " + address));
        var relay = circuit.relay();
        if (relay.equals(expected) || relay.equals(host.peerId())) {
            throw new IOException("dial " + address + ": a relay is neither of the two that it joins");
        }
        var connection = host.connect(relay, circuit.relayAddress().stream().toList(), limit);
        if (connection.relayed()) {
            throw new IOException(
                    "dial " + address + ": expected a direct connection to the relay, found a relayed one");
        }
        var stream = connection.open(limit, List.of(HopMessage.PROTOCOL));
        try {
            stream.timeout(limit);
            LengthPrefixed.write(stream.out(), new HopMessage.Connect(new PeerRef(expected)).encode());
            var message = HopMessage.decode(LengthPrefixed.read(stream.in(), HopMessage.MAX_BYTES, "hop"));
            if (!(message instanceof HopMessage.Answer answer) || answer.status() != RelayStatus.OK) {
                throw new IOException("dial " + expected + " over relay " + relay + ": expected OK, found "
                        + (message instanceof HopMessage.Answer a ? a.status() : message));
            }
            stream.timeout(Duration.ZERO);
            return new RelayedConnection(stream, CircuitAddress.over(connection.remoteAddress(), relay));
        } catch (IOException | RuntimeException e) {
            stream.reset();
            throw e;
        }
    }

    /** Takes no more circuits, announces no more addresses. */
    @Override
    public void close() {
        host.removeListener(leaving);
        host.unhandle(StopMessage.PROTOCOL);
        slots.keySet().forEach(relay -> host.unprotect(relay, SOURCE));
        slots.clear();
        host.announce(SOURCE, List.of());
    }
}
