package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.time.Duration;

/**
 * What a relay lets through one circuit.
 *
 * @param duration how long it lasts, zero for no limit
 * @param bytes how much goes each way, 0 for no limit
 */
public record CircuitLimit(Duration duration, long bytes) {

    /** No limit. */
    public static final CircuitLimit NONE = new CircuitLimit(Duration.ZERO, 0);

    private static final long MAX_SECONDS = 0xffff_ffffL;

    public boolean isNone() {
        return duration.isZero() && bytes == 0;
    }

    byte[] encode() {
        var out = new ProtoWriter();
        if (!duration.isZero()) {
            out.varint(1, Math.max(1, duration.toSeconds()));
        }
        if (bytes > 0) {
            out.varint(2, bytes);
        }
        return out.toByteArray();
    }

    static CircuitLimit decode(byte[] message) throws DecodeException {
        long seconds = 0;
        long bytes = 0;
        var in = new ProtoReader(message);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> seconds = in.varint();
                case 2 -> bytes = in.varint();
                default -> in.skip();
            }
        }
        if (seconds > MAX_SECONDS) {
            throw new DecodeException("relay: expected a duration of 32 bits, found " + seconds + " s");
        }
        return new CircuitLimit(Duration.ofSeconds(seconds), bytes);
    }
}
