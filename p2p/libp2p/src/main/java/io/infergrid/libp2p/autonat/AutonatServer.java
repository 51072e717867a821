package io.infergrid.libp2p.autonat;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PublicAddresses;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.LengthPrefixed;
import io.infergrid.libp2p.transport.TcpTransport;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dials peers that ask for it, and tells them whether it got through. It is no weapon: one address a request, only public ones, from an
 * identity and a port of its own, within {@link AutonatLimits}; and an address that is not where the asker is seen costs the asker
 * 30 to 100 kB first, more than the dial sends there.
 */
public final class AutonatServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(AutonatServer.class);
    private static final int MAX_STREAMS = 2;

    private final Host host;
    private final AutonatLimits limits;
    private final Clock clock;
    private final RandomGenerator random;
    private final RequestRates rates;
    private final Supplier<HostBuilder> dialling;

    /**
     * Serves nobody yet.
     *
     * @param dialling makes the hosts that dial, one for each request: with the transports that are to be tried, without an address to
     *     listen on, and with an identity other than ours, as {@code HostBuilder::new} does
     */
    public AutonatServer(
            Host host, Supplier<HostBuilder> dialling, AutonatLimits limits, Clock clock, RandomGenerator random) {
        this.host = host;
        this.dialling = dialling;
        this.limits = limits;
        this.clock = clock;
        this.random = random;
        rates = new RequestRates(limits);
    }

    /** Begins to serve. */
    public AutonatServer start() {
        host.handle(AutonatMessage.PROTOCOL, HandlerOptions.atMost(MAX_STREAMS), this::serve);
        return this;
    }

    private void serve(Connection connection, Stream stream) throws IOException {
        stream.timeout(limits.timeout());
        var peer = connection.remote();
        var message = read(stream);
        if (!(message instanceof AutonatMessage.DialRequest request)) {
            throw new DecodeException("autonat: expected a request to dial, found " + message);
        }
        if (!rates.begin(peer, clock.instant())) {
            host.report(peer, Event.AUTONAT_REFUSED, "more requests than the rates allow");
            answer(stream, new AutonatMessage.DialResponse(AutonatMessage.REQUEST_REJECTED, 0, 0));
            return;
        }
        try {
            answer(stream, respond(connection, stream, request));
        } finally {
            rates.done(peer);
        }
    }

    private AutonatMessage.DialResponse respond(
            Connection connection, Stream stream, AutonatMessage.DialRequest request) throws IOException {
        int index = firstThatMayBeDialled(request);
        if (index < 0) {
            host.report(connection.remote(), Event.AUTONAT_REFUSED, "no public address among those to dial");
            return new AutonatMessage.DialResponse(AutonatMessage.DIAL_REFUSED, 0, 0);
        }
        var address = request.addresses().get(index).orElseThrow();
        if (!address.ip().equals(connection.remoteAddress().ip())) {
            if (!rates.mayTakeData(clock.instant())) {
                host.report(connection.remote(), Event.AUTONAT_REFUSED, "more requests with data than the rates allow");
                return new AutonatMessage.DialResponse(AutonatMessage.REQUEST_REJECTED, 0, 0);
            }
            takeData(stream, index);
        }
        return new AutonatMessage.DialResponse(
                AutonatMessage.OK, index, dial(connection.remote(), address, request.nonce()));
    }

    private int firstThatMayBeDialled(AutonatMessage.DialRequest request) {
        for (int i = 0; i < request.addresses().size(); i++) {
            if (request.addresses().get(i).filter(this::mayBeDialled).isPresent()) {
                return i;
            }
        }
        return -1;
    }

    private boolean mayBeDialled(Multiaddr address) {
        boolean known = address.ip().isPresent() // no names: they can lead anywhere
                && !address.isRelayed()
                && (TcpTransport.isTcp(address) || address.has(Multiaddr.Protocol.QUIC_V1));
        return known && (limits.privateAddresses() || PublicAddresses.isPublic(address));
    }

    private void takeData(Stream stream, int index) throws IOException {
        int wanted = random.nextInt(limits.minDataBytes(), limits.maxDataBytes() + 1);
        LengthPrefixed.write(stream.out(), new AutonatMessage.DialDataRequest(index, wanted).encode());
        for (int got = 0; got < wanted; ) {
            var message = read(stream);
            if (!(message instanceof AutonatMessage.DialDataResponse(var bytes)) || bytes == 0) {
                throw new DecodeException("autonat: expected " + (wanted - got) + " more bytes, found " + message);
            }
            got += bytes;
        }
    }

    /** Dials by a host of its own that is gone after, so that nothing is known there but this one address. */
    private int dial(PeerId peer, Multiaddr address, long nonce) {
        try (Host other = dialling.get().start()) {
            Connection connection;
            try {
                connection = other.connect(peer, List.of(address.withoutPeer()), limits.dial());
            } catch (IOException e) {
                LOG.debug("{} cannot be reached at {}: {}", peer, address, e.getMessage());
                return AutonatMessage.DIAL_ERROR;
            }
            return dialBack(connection, nonce);
        } catch (IOException e) {
            LOG.warn("no host to dial from: {}", e.getMessage());
            return AutonatMessage.DIAL_BACK_ERROR;
        }
    }

    private int dialBack(Connection connection, long nonce) {
        try (var stream = connection.open(limits.dial(), List.of(DialBack.PROTOCOL))) {
            stream.timeout(limits.dial());
            LengthPrefixed.write(stream.out(), new DialBack(nonce).encode());
            DialBack.expectOk(LengthPrefixed.read(stream.in(), DialBack.MAX_BYTES, "autonat"));
            return AutonatMessage.OK;
        } catch (IOException e) {
            LOG.debug("{} was reached and did not take the nonce: {}", connection, e.getMessage());
            return AutonatMessage.DIAL_BACK_ERROR;
        }
    }

    private static AutonatMessage read(Stream stream) throws IOException {
        return AutonatMessage.decode(LengthPrefixed.read(stream.in(), AutonatMessage.MAX_BYTES, "autonat"));
    }

    private static void answer(Stream stream, AutonatMessage.DialResponse response) throws IOException {
        LengthPrefixed.write(stream.out(), response.encode());
    }

    /** Serves no longer; a dial that runs ends by itself. */
    @Override
    public void close() {
        host.unhandle(AutonatMessage.PROTOCOL);
    }
}
