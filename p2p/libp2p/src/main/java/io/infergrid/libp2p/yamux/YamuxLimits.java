package io.infergrid.libp2p.yamux;

import java.time.Duration;

/**
 * What one session allows.
 *
 * @param inboundStreams streams that the other side may have open; further ones are reset
 * @param ackBacklog streams of ours that the other side has not acknowledged; opening another one waits
 * @param maxWindow bytes, the largest receive window of a stream; it grows up to there from 256 KiB as the reader keeps up
 * @param keepAlive time between pings
 * @param unresponsive longest time without a sign of life after a ping, and longest time that one write may take
 * @param linger how long a stream that is closed here waits for the other side to end, and a session for the last frames
 */
public record YamuxLimits(
        int inboundStreams, int ackBacklog, int maxWindow, Duration keepAlive, Duration unresponsive, Duration linger) {

    public static final YamuxLimits DEFAULT =
            new YamuxLimits(256, 256, 16 << 20, Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(10));

    public YamuxLimits {
        if (inboundStreams < 1 || ackBacklog < 1 || maxWindow < YamuxStream.INITIAL_WINDOW) {
            throw new IllegalArgumentException("a session needs streams and windows of at least 256 KiB");
        }
    }
}
