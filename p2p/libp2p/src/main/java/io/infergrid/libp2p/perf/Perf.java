package io.infergrid.libp2p.perf;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * {@code /perf/1.0.0}: the one who asks says how many bytes it wants in eight bytes, sends as many as it likes and ends its half; the
 * other one then sends the bytes. A host serves it to no one unless it is asked to, and then only to the peers named, since it costs
 * whatever they ask for.
 */
public final class Perf {

    public static final String PROTOCOL = "/perf/1.0.0";

    private static final int BLOCK = 64 * 1024;
    private static final int MAX_INBOUND = 2;
    private static final Duration IDLE = Duration.ofSeconds(30);

    private Perf() {}

    /**
     * What a measurement gave.
     *
     * @param upload time until the other side had taken all and its first byte came, or its end
     * @param download time from there to the end
     */
    public record Measured(long uploaded, long downloaded, Duration upload, Duration download) {}

    /**
     * Serves those peers.
     *
     * @param mostBytes that one request may ask for; what is asked beyond it is refused
     */
    public static void serve(Host host, Set<PeerId> allowed, long mostBytes) {
        host.handle(PROTOCOL, HandlerOptions.atMost(MAX_INBOUND), (connection, stream) -> {
            if (!allowed.contains(connection.remote())) {
                host.report(connection.remote(), Event.REFUSED_STREAMS, "perf: the peer is not among those allowed");
                stream.reset();
                return;
            }
            answer(host, stream, mostBytes);
        });
    }

    private static void answer(Host host, Stream stream, long mostBytes) throws IOException {
        stream.timeout(IDLE);
        long wanted = new DataInputStream(stream.in()).readLong();
        if (wanted < 0 || wanted > mostBytes) {
            host.report(
                    stream.remote(),
                    Event.REFUSED_STREAMS,
                    "perf: expected at most " + mostBytes + " bytes to be asked for, found "
                            + Long.toUnsignedString(wanted));
            stream.reset();
            return;
        }
        var block = new byte[BLOCK];
        for (long got = 0; got <= mostBytes; ) {
            int n = stream.in().read(block);
            if (n < 0) {
                send(stream, wanted);
                return;
            }
            got += n;
        }
        host.report(
                stream.remote(), Event.REFUSED_STREAMS, "perf: expected at most " + mostBytes + " bytes, found more");
        stream.reset();
    }

    private static void send(Stream stream, long bytes) throws IOException {
        var block = new byte[BLOCK];
        for (long left = bytes; left > 0; left -= BLOCK) {
            stream.out().write(block, 0, (int) Math.min(left, BLOCK));
        }
    }

    /**
     * Sends and asks for that many bytes.
     *
     * @param limit longest time that nothing may move
     * @param nanoClock {@link System#nanoTime} but in tests
     * @throws IOException if the peer does not serve us, or sends fewer or more bytes than asked for
     */
    public static Measured measure(
            Host host, PeerId peer, long upload, long download, Duration limit, LongSupplier nanoClock)
            throws IOException {
        if (upload < 0 || download < 0) {
            throw new IllegalArgumentException("perf: expected numbers of bytes, found " + upload + " and " + download);
        }
        try (var stream = host.open(peer, PROTOCOL, limit)) {
            stream.timeout(limit);
            long start = nanoClock.getAsLong();
            new DataOutputStream(stream.out()).writeLong(download);
            send(stream, upload);
            stream.closeWrite();
            var block = new byte[BLOCK];
            int n = stream.in().read(block);
            long sent = nanoClock.getAsLong();
            long got = 0;
            while (n >= 0 && got <= download) {
                got += n;
                n = stream.in().read(block);
            }
            if (got != download) {
                throw new EOFException("perf: expected " + download + " bytes, found "
                        + (got > download ? "more" : Long.toString(got)));
            }
            long end = nanoClock.getAsLong();
            return new Measured(upload, got, Duration.ofNanos(sent - start), Duration.ofNanos(end - sent));
        }
    }
}
