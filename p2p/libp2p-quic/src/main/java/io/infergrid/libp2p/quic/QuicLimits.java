package io.infergrid.libp2p.quic;

import java.time.Duration;

/**
 * What a QUIC connection allows beyond {@link io.infergrid.libp2p.Limits}, whose number of inbound streams it uses too.
 *
 * @param idle without a packet for so long, the connection is over; the shorter of both sides' counts
 * @param keepAlive time between signs of life where there is nothing to say; well below {@code idle}
 * @param streamWindow bytes that the other side may send on a stream before the application reads; grows up to 16 MiB as it does
 * @param connectionWindow and on all streams together; grows up to 24 MiB
 * @param unread bytes of a stream that wait for the application on our side of the library, beside the window
 * @param unsent bytes of a stream that wait for the network; a writer beyond it waits
 * @param datagramBytes largest UDP datagram to send, if the path takes it, which is found out; at least 1200
 * @param threads that move packets
 */
public record QuicLimits(
        Duration idle,
        Duration keepAlive,
        int streamWindow,
        int connectionWindow,
        int unread,
        int unsent,
        int datagramBytes,
        int threads) {

    public static final QuicLimits DEFAULT = new QuicLimits(
            Duration.ofSeconds(30),
            Duration.ofSeconds(12),
            512 << 10,
            2 << 20,
            256 << 10,
            512 << 10,
            1452, // an Ethernet frame with IPv6
            Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4));

    public QuicLimits {
        if (!keepAlive.isPositive() || keepAlive.multipliedBy(2).compareTo(idle) > 0) {
            throw new IllegalArgumentException("a sign of life has to come at least twice in the idle time");
        }
        if (streamWindow < 16 << 10 || connectionWindow < streamWindow || unread < 16 << 10 || unsent < 16 << 10) {
            throw new IllegalArgumentException("windows need 16 KiB, and a connection's at least that of a stream");
        }
        if (datagramBytes < 1200 || datagramBytes > 65_527 || threads < 1) {
            throw new IllegalArgumentException("expected datagrams of 1200 to 65527 bytes and a thread");
        }
    }

    public QuicLimits withIdle(Duration idle, Duration keepAlive) {
        return new QuicLimits(idle, keepAlive, streamWindow, connectionWindow, unread, unsent, datagramBytes, threads);
    }

    public QuicLimits withWindows(int stream, int connection) {
        return new QuicLimits(idle, keepAlive, stream, connection, unread, unsent, datagramBytes, threads);
    }

    public QuicLimits withDatagramBytes(int bytes) {
        return new QuicLimits(idle, keepAlive, streamWindow, connectionWindow, unread, unsent, bytes, threads);
    }
}
