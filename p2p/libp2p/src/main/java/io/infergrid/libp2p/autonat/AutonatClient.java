package io.infergrid.libp2p.autonat;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.LengthPrefixed;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Asks peers whether they can dial our addresses. A peer that says yes has to prove it: it dials us over a fresh connection and brings
 * the nonce that only it was told.
 */
public final class AutonatClient implements AutoCloseable {

    /** The protocol that servers serve; {@code PeerInfo.protocols} tells who does. */
    public static final String DIAL_REQUEST = AutonatMessage.PROTOCOL;

    private static final int CHUNK_BYTES = 4000;
    private static final int MAX_INBOUND = 2;
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final Host host;
    private final RandomGenerator random;
    private final AutonatLimits limits;
    private final Duration arrivalLimit;
    private final Map<Long, CountDownLatch> nonces = new ConcurrentHashMap<>();

    /** Answers no dials yet. */
    public AutonatClient(Host host, RandomGenerator random, AutonatLimits limits) {
        this(host, random, limits, TIMEOUT);
    }

    AutonatClient(Host host, RandomGenerator random, AutonatLimits limits, Duration arrivalLimit) {
        this.host = host;
        this.random = random;
        this.limits = limits;
        this.arrivalLimit = arrivalLimit;
    }

    /** Answers the dials of those that are asked. */
    public AutonatClient start() {
        host.handle(DialBack.PROTOCOL, HandlerOptions.atMost(MAX_INBOUND), (_, stream) -> arrived(stream));
        return this;
    }

    /** What a peer found. */
    public enum Verdict {
        /** It dialled the address, and arrived here. */
        REACHED,
        /** It could not. */
        NOT_REACHED,
        /** It would not, or nobody can tell. */
        NO_ANSWER
    }

    /**
     * The address that a peer tried, and what came of it.
     *
     * @param address empty if it tried none
     */
    public record Finding(Optional<Multiaddr> address, Verdict verdict) {}

    /**
     * Asks a connected peer to dial the first of our addresses that it can. Blocks until it answered, which may take tens of seconds.
     *
     * @param server a direct connection to a peer that serves {@link #DIAL_REQUEST}
     * @param addresses best first, at most 50
     */
    public Finding ask(Connection server, List<Multiaddr> addresses, Duration limit) throws IOException {
        long nonce = random.nextLong();
        var arrival = new CountDownLatch(1);
        nonces.put(nonce, arrival);
        try (var stream = server.open(limit, List.of(AutonatMessage.PROTOCOL))) {
            stream.timeout(limit);
            var asked = addresses.stream()
                    .limit(AutonatMessage.MAX_ADDRESSES)
                    .map(Multiaddr::withoutPeer)
                    .map(Optional::of)
                    .toList();
            LengthPrefixed.write(stream.out(), new AutonatMessage.DialRequest(asked, nonce).encode());
            var answer = read(stream);
            if (answer instanceof AutonatMessage.DialDataRequest data) {
                pay(stream, data);
                answer = read(stream);
            }
            if (!(answer instanceof AutonatMessage.DialResponse response)) {
                throw new DecodeException("autonat: expected a response, found " + answer);
            }
            return finding(addresses, response, arrival);
        } catch (DecodeException e) {
            host.report(server.remote(), Event.MALFORMED, String.valueOf(e.getMessage()));
            throw e;
        } finally {
            nonces.remove(nonce);
        }
    }

    private static AutonatMessage read(Stream stream) throws IOException {
        return AutonatMessage.decode(LengthPrefixed.read(stream.in(), AutonatMessage.MAX_BYTES, "autonat"));
    }

    /** The server wants to see that we spend as much as its dial may cost a stranger. */
    private void pay(Stream stream, AutonatMessage.DialDataRequest request) throws IOException {
        if (request.bytes() > 2L * limits.maxDataBytes()) {
            throw new IOException("autonat: expected to send at most " + 2L * limits.maxDataBytes()
                    + " bytes, found a request for " + request.bytes());
        }
        for (long left = request.bytes(); left > 0; left -= CHUNK_BYTES) {
            var chunk = new AutonatMessage.DialDataResponse((int) Math.min(CHUNK_BYTES, left));
            LengthPrefixed.write(stream.out(), chunk.encode());
        }
    }

    private Finding finding(List<Multiaddr> addresses, AutonatMessage.DialResponse response, CountDownLatch arrival)
            throws IOException {
        if (response.status() != AutonatMessage.OK) {
            return new Finding(Optional.empty(), Verdict.NO_ANSWER);
        }
        if (response.index() >= addresses.size()) {
            throw new DecodeException(
                    "autonat: expected an index below " + addresses.size() + ", found " + response.index());
        }
        var verdict = switch (response.dial()) {
            case AutonatMessage.OK -> arrived(arrival) ? Verdict.REACHED : Verdict.NO_ANSWER;
            case AutonatMessage.DIAL_ERROR -> Verdict.NOT_REACHED;
            default -> Verdict.NO_ANSWER;
        };
        return new Finding(Optional.of(addresses.get(response.index())), verdict);
    }

    /** The nonce may come a moment after the answer, since both take different ways. */
    private boolean arrived(CountDownLatch arrival) {
        try {
            return arrival.await(arrivalLimit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void arrived(Stream stream) throws IOException {
        stream.timeout(TIMEOUT);
        var dialBack = DialBack.decode(LengthPrefixed.read(stream.in(), DialBack.MAX_BYTES, "autonat"));
        var asked = nonces.get(dialBack.nonce());
        if (asked == null) {
            throw new DecodeException("autonat: expected a nonce that we gave, found another");
        }
        LengthPrefixed.write(stream.out(), DialBack.ok());
        asked.countDown();
    }

    /** Answers no dials any longer. */
    @Override
    public void close() {
        host.unhandle(DialBack.PROTOCOL);
    }
}
