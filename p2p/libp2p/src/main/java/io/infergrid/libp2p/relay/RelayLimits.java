package io.infergrid.libp2p.relay;

import java.time.Duration;

/**
 * What a relay gives to others; the defaults are go-libp2p's.
 *
 * @param reservations slots in all; a peer has one at most
 * @param reservationsPerAddress and for one IPv4 address or IPv6 /56
 * @param reservationsPerNetwork and for one IPv4 /16 or IPv6 /32, in place of the autonomous system, which we have no table of
 * @param reservationTime how long a slot lasts unless it is renewed
 * @param circuitsPerPeer circuits from one peer, and circuits to one
 * @param circuit what goes through one circuit
 * @param bufferBytes memory that one direction of a circuit takes
 * @param timeout for each exchange of messages
 */
public record RelayLimits(
        int reservations,
        int reservationsPerAddress,
        int reservationsPerNetwork,
        Duration reservationTime,
        int circuitsPerPeer,
        CircuitLimit circuit,
        int bufferBytes,
        Duration timeout) {

    public static final RelayLimits DEFAULT = new RelayLimits(
            128,
            8,
            32,
            Duration.ofHours(1),
            16,
            new CircuitLimit(Duration.ofMinutes(2), 128 << 10),
            2048,
            Duration.ofSeconds(30));

    public RelayLimits withReservations(int all, int perAddress, int perNetwork) {
        return new RelayLimits(
                all, perAddress, perNetwork, reservationTime, circuitsPerPeer, circuit, bufferBytes, timeout);
    }

    public RelayLimits withReservationTime(Duration time) {
        return new RelayLimits(
                reservations,
                reservationsPerAddress,
                reservationsPerNetwork,
                time,
                circuitsPerPeer,
                circuit,
                bufferBytes,
                timeout);
    }

    public RelayLimits withCircuits(int perPeer, CircuitLimit each) {
        return new RelayLimits(
                reservations,
                reservationsPerAddress,
                reservationsPerNetwork,
                reservationTime,
                perPeer,
                each,
                bufferBytes,
                timeout);
    }
}
