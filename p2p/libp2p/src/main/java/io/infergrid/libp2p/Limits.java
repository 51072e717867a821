package io.infergrid.libp2p;

import io.infergrid.libp2p.yamux.YamuxLimits;
import java.time.Duration;

/**
 * What a host allows strangers and friends. Start from {@link #DEFAULT} and change what differs.
 *
 * @param inboundStreamsPerProtocol streams of one protocol that a peer may have open
 * @param yamux limits of each session
 */
public record Limits(
        Connections connections,
        WaterMarks waterMarks,
        Bans bans,
        Times times,
        int inboundStreamsPerProtocol,
        Memory memory,
        YamuxLimits yamux) {

    public static final Limits DEFAULT = new Limits(
            new Connections(64, 8, 512, 8, 64, 5, 4),
            new WaterMarks(320, 384, Duration.ofSeconds(20)),
            new Bans(10, Duration.ofMinutes(10), Duration.ofMinutes(10)),
            new Times(Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofSeconds(10)),
            128,
            new Memory(512L << 20, 64L << 20),
            YamuxLimits.DEFAULT);

    /**
     * How many connections. Addresses of the loopback interface are exempt from what is per address.
     *
     * @param pending in their handshake, in all
     * @param pendingPerAddress and from one IPv4 address or IPv6 /56
     * @param open in all
     * @param openPerAddress and with one IPv4 address or IPv6 /56
     * @param openPerSite and with one IPv6 /48, which is what a company or a hosting customer gets and may cut into 256 times a /56
     * @param inboundPerSecond new ones a second from one IPv4 address or IPv6 /56, with bursts of four times as many
     * @param openPerPeer and with one peer, of which one is in use and the others are on their way out
     */
    public record Connections(
            int pending,
            int pendingPerAddress,
            int open,
            int openPerAddress,
            int openPerSite,
            int inboundPerSecond,
            int openPerPeer) {}

    /**
     * When to close connections that nobody protects.
     *
     * @param low how many to leave
     * @param high from how many on
     * @param grace time in which a new one is left alone
     */
    public record WaterMarks(int low, int high, Duration grace) {}

    /**
     * When a peer is banned.
     *
     * @param strikes misbehaviours on its connections
     * @param within the time in which they wear off
     * @param time of the ban
     */
    public record Bans(int strikes, Duration within, Duration time) {}

    /**
     * How long something may take.
     *
     * @param upgrade from the first byte to a secured connection
     * @param dial to reach one address
     * @param negotiation to agree on the protocol of a stream
     */
    public record Times(Duration upgrade, Duration dial, Duration negotiation) {}

    /**
     * Bytes that were received and not read yet.
     *
     * @param bytes in all
     * @param connectionBytes and of one connection
     */
    public record Memory(long bytes, long connectionBytes) {}

    public Limits withPendingInbound(int all, int perAddress) {
        return with(new Connections(
                all,
                perAddress,
                connections.open,
                connections.openPerAddress,
                connections.openPerSite,
                connections.inboundPerSecond,
                connections.openPerPeer));
    }

    public Limits withConnections(int all, int perAddress, int inboundPerSecond) {
        return with(new Connections(
                connections.pending,
                connections.pendingPerAddress,
                all,
                perAddress,
                Math.max(connections.openPerSite, perAddress),
                inboundPerSecond,
                connections.openPerPeer));
    }

    private Limits with(Connections other) {
        return new Limits(other, waterMarks, bans, times, inboundStreamsPerProtocol, memory, yamux);
    }

    public Limits withWaterMarks(int low, int high, Duration grace) {
        var other = new WaterMarks(low, high, grace);
        return new Limits(connections, other, bans, times, inboundStreamsPerProtocol, memory, yamux);
    }

    public Limits withBans(int strikes, Duration within, Duration time) {
        var other = new Bans(strikes, within, time);
        return new Limits(connections, waterMarks, other, times, inboundStreamsPerProtocol, memory, yamux);
    }

    public Limits withTimes(Duration upgrade, Duration dial, Duration negotiation) {
        var other = new Times(upgrade, dial, negotiation);
        return new Limits(connections, waterMarks, bans, other, inboundStreamsPerProtocol, memory, yamux);
    }

    public Limits withInboundStreamsPerProtocol(int streams) {
        return new Limits(connections, waterMarks, bans, times, streams, memory, yamux);
    }

    public Limits withMemory(long all, long perConnection) {
        return new Limits(
                connections, waterMarks, bans, times, inboundStreamsPerProtocol, new Memory(all, perConnection), yamux);
    }

    public Limits withYamux(YamuxLimits other) {
        return new Limits(connections, waterMarks, bans, times, inboundStreamsPerProtocol, memory, other);
    }
}
