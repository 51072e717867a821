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
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives peers that nobody can dial a slot, and joins those that ask for them: circuit relay v2, limited. What it costs is bounded by
 * {@link RelayLimits}: bytes and time of a circuit, circuits of a peer, slots of a network.
 */
public final class RelayServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RelayServer.class);
    private static final int MAX_STREAMS = 128; // of one connection, go's limit for hop and stop
    private static final int MAX_ADDRESSES = 8; // so that the answer stays under 4 KiB

    private final Host host;
    private final RelayLimits limits;
    private final Clock clock;
    private final Reservations reservations;
    private final Circuits circuits;
    private final HostListener leaving = new HostListener() {
        @Override
        public void disconnected(Connection connection) {
            reservations.drop(connection.remote());
        }
    };

    /** Serves nobody yet. */
    public RelayServer(Host host, RelayLimits limits, Clock clock) {
        this.host = host;
        this.limits = limits;
        this.clock = clock;
        reservations = new Reservations(limits);
        circuits = new Circuits(limits);
    }

    /** Begins to serve. */
    public RelayServer start() {
        host.addListener(leaving);
        host.handle(HopMessage.PROTOCOL, HandlerOptions.atMost(MAX_STREAMS).alsoRelayed(), this::serve);
        return this;
    }

    /** Slots that peers hold now. */
    public int reservations() {
        return reservations.size();
    }

    /** Circuits that are open now. */
    public int circuits() {
        return circuits.open();
    }

    private void serve(Connection connection, Stream stream) throws IOException {
        stream.timeout(limits.timeout());
        HopMessage request;
        try {
            request = HopMessage.decode(LengthPrefixed.read(stream.in(), HopMessage.MAX_BYTES, "hop"));
        } catch (DecodeException e) {
            answer(stream, RelayStatus.MALFORMED_MESSAGE);
            throw e;
        }
        switch (request) {
            case HopMessage.Reserve _ -> reserve(connection, stream);
            case HopMessage.Connect(var peer) -> connect(connection, stream, peer.id());
            case HopMessage.Answer _ -> answer(stream, RelayStatus.UNEXPECTED_MESSAGE);
        }
    }

    private void reserve(Connection connection, Stream stream) throws IOException {
        var ip = connection.remoteAddress().ip();
        if (connection.relayed() || ip.isEmpty()) {
            refuse(connection, stream, RelayStatus.PERMISSION_DENIED, "a slot asked for over a relay");
            return;
        }
        var peer = connection.remote();
        var expires = reservations.reserve(peer, ip.get(), clock.instant());
        if (expires.isEmpty()) {
            refuse(connection, stream, RelayStatus.RESERVATION_REFUSED, "no slot is free for it");
            return;
        }
        var slot = new Reservation(expires.get(), addresses(), voucher(peer, expires.get()));
        var answer = new HopMessage.Answer(RelayStatus.OK, Optional.of(slot), limits.circuit());
        LengthPrefixed.write(stream.out(), answer.encode());
        LOG.debug("{} holds a slot until {}", peer, expires.get());
    }

    private byte[] voucher(PeerId peer, Instant expires) {
        return host.peerId()
                .publicKey()
                .map(key -> new Voucher(host.peerId(), peer, expires).seal(key, host::sign))
                .orElse(new byte[0]); // an RSA identity's key is not in its id, and a voucher may be left out
    }

    /** Where we can be reached, those addresses first that the internet routes. */
    private List<Multiaddr> addresses() {
        return host.addresses().stream()
                .filter(a -> !a.isRelayed())
                .sorted(Comparator.comparing(a -> !PublicAddresses.isPublic(a)))
                .limit(MAX_ADDRESSES)
                .toList();
    }

    private void connect(Connection connection, Stream stream, PeerId to) throws IOException {
        var from = connection.remote();
        if (connection.relayed()) {
            refuse(connection, stream, RelayStatus.PERMISSION_DENIED, "a circuit asked for over a relay");
            return;
        }
        var behind = host.connection(to).filter(c -> !c.relayed());
        if (!reservations.has(to, clock.instant()) || behind.isEmpty()) {
            refuse(connection, stream, RelayStatus.NO_RESERVATION, to + " holds no slot");
            return;
        }
        if (!reservations.begin(from, to)) {
            refuse(connection, stream, RelayStatus.RESOURCE_LIMIT_EXCEEDED, "too many circuits");
            return;
        }
        try {
            join(connection, stream, behind.get());
        } finally {
            reservations.end(from, to);
        }
    }

    private void join(Connection connection, Stream near, Connection behind) throws IOException {
        Stream far;
        try {
            far = stop(connection.remote(), behind);
        } catch (IOException e) {
            refuse(connection, near, RelayStatus.CONNECTION_FAILED, String.valueOf(e.getMessage()));
            return;
        }
        try (far) {
            var answer = new HopMessage.Answer(RelayStatus.OK, Optional.empty(), limits.circuit());
            LengthPrefixed.write(near.out(), answer.encode());
            if (!circuits.run(near, far)) {
                host.report(
                        connection.remote(),
                        Event.RELAY_CIRCUIT_CUT,
                        "the circuit to " + behind.remote() + " is at its limit");
            }
        } finally {
            far.reset();
        }
    }

    /** Asks the peer behind us to take the circuit. */
    private Stream stop(PeerId from, Connection behind) throws IOException {
        var stream = behind.open(limits.timeout(), List.of(StopMessage.PROTOCOL));
        try {
            stream.timeout(limits.timeout());
            var request = new StopMessage.Connect(new PeerRef(from), limits.circuit());
            LengthPrefixed.write(stream.out(), request.encode());
            var answer = StopMessage.decode(LengthPrefixed.read(stream.in(), StopMessage.MAX_BYTES, "stop"));
            if (!(answer instanceof StopMessage.Answer(var status)) || status != RelayStatus.OK) {
                throw new IOException("stop: expected OK of " + behind.remote() + ", found " + answer);
            }
            return stream;
        } catch (IOException | RuntimeException e) {
            stream.reset();
            throw e;
        }
    }

    private void refuse(Connection connection, Stream stream, RelayStatus status, String why) throws IOException {
        host.report(connection.remote(), Event.RELAY_REFUSED, status + ": " + why);
        answer(stream, status);
    }

    private static void answer(Stream stream, RelayStatus status) throws IOException {
        LengthPrefixed.write(stream.out(), HopMessage.Answer.of(status).encode());
    }

    /** Serves no longer; circuits that are open are cut. */
    @Override
    public void close() {
        host.unhandle(HopMessage.PROTOCOL);
        host.removeListener(leaving);
        circuits.close();
    }
}
