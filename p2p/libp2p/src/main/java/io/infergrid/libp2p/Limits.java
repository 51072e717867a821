package io.infergrid.libp2p;

import io.infergrid.libp2p.yamux.YamuxLimits;
import java.time.Duration;

/**
 * What a host allows strangers and friends. Addresses of the loopback interface are exempt from those per address.
 *
 * @param pendingInbound connections in their handshake, in all
 * @param pendingInboundPerAddress and from one IPv4 address or IPv6 /56
 * @param connections open connections, in all
 * @param connectionsPerAddress and with one IPv4 address or IPv6 /56
 * @param inboundPerSecond new connections a second from one IPv4 address or IPv6 /56, with bursts of four times as many
 * @param upgrade longest time from the first byte to a secured connection
 * @param dial longest time to reach one address
 * @param negotiation longest time to agree on the protocol of a stream
 * @param inboundStreamsPerProtocol streams of one protocol that a peer may have open
 * @param memoryBytes received and unread bytes, in all
 * @param connectionMemoryBytes and of one connection
 * @param yamux limits of each session
 */
public record Limits(
        int pendingInbound,
        int pendingInboundPerAddress,
        int connections,
        int connectionsPerAddress,
        int inboundPerSecond,
        Duration upgrade,
        Duration dial,
        Duration negotiation,
        int inboundStreamsPerProtocol,
        long memoryBytes,
        long connectionMemoryBytes,
        YamuxLimits yamux) {

    public static final Limits DEFAULT = new Limits(
            64,
            8,
            512,
            8,
            5,
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            128,
            512L << 20,
            64L << 20,
            YamuxLimits.DEFAULT);

    public Limits withPendingInbound(int all, int perAddress) {
        return new Limits(
                all,
                perAddress,
                connections,
                connectionsPerAddress,
                inboundPerSecond,
                upgrade,
                dial,
                negotiation,
                inboundStreamsPerProtocol,
                memoryBytes,
                connectionMemoryBytes,
                yamux);
    }

    public Limits withConnections(int all, int perAddress, int inboundPerSecond) {
        return new Limits(
                pendingInbound,
                pendingInboundPerAddress,
                all,
                perAddress,
                inboundPerSecond,
                upgrade,
                dial,
                negotiation,
                inboundStreamsPerProtocol,
                memoryBytes,
                connectionMemoryBytes,
                yamux);
    }

    public Limits withTimes(Duration upgrade, Duration dial, Duration negotiation) {
        return new Limits(
                pendingInbound,
                pendingInboundPerAddress,
                connections,
                connectionsPerAddress,
                inboundPerSecond,
                upgrade,
                dial,
                negotiation,
                inboundStreamsPerProtocol,
                memoryBytes,
                connectionMemoryBytes,
                yamux);
    }

    public Limits withInboundStreamsPerProtocol(int streams) {
        return new Limits(
                pendingInbound,
                pendingInboundPerAddress,
                connections,
                connectionsPerAddress,
                inboundPerSecond,
                upgrade,
                dial,
                negotiation,
                streams,
                memoryBytes,
                connectionMemoryBytes,
                yamux);
    }

    public Limits withMemory(long all, long perConnection) {
        return new Limits(
                pendingInbound,
                pendingInboundPerAddress,
                connections,
                connectionsPerAddress,
                inboundPerSecond,
                upgrade,
                dial,
                negotiation,
                inboundStreamsPerProtocol,
                all,
                perConnection,
                yamux);
    }

    public Limits withYamux(YamuxLimits yamux) {
        return new Limits(
                pendingInbound,
                pendingInboundPerAddress,
                connections,
                connectionsPerAddress,
                inboundPerSecond,
                upgrade,
                dial,
                negotiation,
                inboundStreamsPerProtocol,
                memoryBytes,
                connectionMemoryBytes,
                yamux);
    }
}
