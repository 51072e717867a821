package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Stream;
import java.io.EOFException;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;

/** {@code /ipfs/ping/1.0.0}: 32 bytes there and back. */
final class Ping {

    static final String PROTOCOL = "/ipfs/ping/1.0.0";
    static final int MAX_INBOUND = 2;

    private static final int BYTES = 32;
    private static final Duration IDLE = Duration.ofSeconds(120);

    private Ping() {}

    /** Sends back what comes, 32 bytes at a time, until the other side ends. */
    static void serve(Stream stream) throws IOException {
        stream.timeout(IDLE);
        var bytes = new byte[BYTES];
        while (stream.in().readNBytes(bytes, 0, BYTES) == BYTES) {
            stream.out().write(bytes);
            stream.out().flush();
        }
    }

    static Duration roundTrip(Stream stream, Duration limit) throws IOException {
        stream.timeout(limit);
        var sent = new byte[BYTES];
        new SecureRandom().nextBytes(sent);
        long start = System.nanoTime();
        stream.out().write(sent);
        stream.out().flush();
        var back = stream.in().readNBytes(BYTES);
        var taken = Duration.ofNanos(System.nanoTime() - start);
        if (back.length < BYTES) {
            throw new EOFException("ping: expected 32 bytes back, found " + back.length);
        }
        if (!Arrays.equals(sent, back)) {
            throw new IOException("ping: expected the bytes that were sent, found others");
        }
        stream.closeWrite();
        return taken;
    }
}
