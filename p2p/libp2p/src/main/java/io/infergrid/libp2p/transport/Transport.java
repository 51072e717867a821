package io.infergrid.libp2p.transport;

import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A way to reach peers. The host asks its transports in turn which of them takes an address. What a transport gives is either a
 * {@link RawConnection}, which the host secures and multiplexes, or a {@link SecuredSession}, which is both already and whose peer
 * the transport has verified. Thread-safe.
 */
public interface Transport extends Closeable {

    /** Makes a transport for a host that starts. */
    interface Factory {
        Transport create(Setting setting) throws IOException;
    }

    /**
     * What a host lends to its transports.
     *
     * @param identity for those that secure connections themselves
     * @param memory what the receive buffers of all connections together may hold
     */
    record Setting(PrivateKey identity, Limits limits, MemoryBudget memory) {}

    /** Whether it can dial that address, with or without {@code /p2p} at its end. */
    boolean dials(Multiaddr address);

    /** Whether it can listen there. */
    default boolean listens(Multiaddr address) {
        return dials(address);
    }

    /**
     * Connects.
     *
     * @param address one that it {@link #dials}
     * @param expected the peer that has to answer; a transport that secures for itself refuses any other with a {@code ProtocolViolation}
     * @param limit for the whole dial, handshake included where there is one
     */
    Link dial(Multiaddr address, PeerId expected, Duration limit) throws IOException;

    /**
     * Begins to take connections and hand them to the acceptor.
     *
     * @throws IOException if the address cannot be bound
     */
    Listening listen(Multiaddr address, Acceptor acceptor) throws IOException;

    /** Frees what the transport holds of its own; the listenings and links are closed before. */
    @Override
    default void close() {}

    /** A bound address. */
    interface Listening extends Closeable {

        /** What was bound, the real port in place of 0; a wildcard stays one. */
        Multiaddr bound();

        /** Addresses at which this machine can be dialled there, without {@code /p2p}. */
        List<Multiaddr> addresses();

        @Override
        void close();
    }

    /** Takes connections that came from outside. */
    interface Acceptor {

        /**
         * To be asked as soon as the stranger's address is known and before memory is spent on it.
         *
         * @param from the address, or that of the relay with {@code /p2p-circuit}
         * @return empty if it is to be turned away, which is counted; else its place among those in their handshake, which one of the
         *     methods of {@link Arrival} gives back
         */
        Optional<Arrival> knock(Multiaddr from);
    }

    /** A stranger that was let in. Exactly one of the methods is to be called, once. */
    interface Arrival {

        /** Takes the connection over; returns at once, the rest is done on a thread of the host. */
        void accept(Link link);

        /** Its handshake failed or broke off; counted by the kind of the exception. */
        void failed(IOException cause);
    }
}
