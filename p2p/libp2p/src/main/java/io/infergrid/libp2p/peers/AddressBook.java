package io.infergrid.libp2p.peers;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.record.SignedEnvelope;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Where peers were reached or said that they can be. Hearsay and what the peer itself signed are kept apart: an address that the peer
 * signed comes first and is not pushed out by hearsay. Everything expires. Bounded and thread-safe.
 */
public interface AddressBook {

    /** For addresses that others told. */
    Duration HEARSAY = Duration.ofMinutes(30);

    /** For addresses that were dialled with success. */
    Duration REACHED = Duration.ofDays(7);

    /** For addresses that the peer itself told. */
    Duration TOLD = Duration.ofHours(24);

    /** Notes addresses of a peer; {@code /p2p} at their end is dropped, one known already lives at least as long as before. */
    void add(PeerId peer, List<Multiaddr> addresses, Duration life);

    /**
     * Notes a signed {@link io.infergrid.libp2p.record.PeerRecord} in place of the one known before.
     *
     * @return false if one as new or newer is known
     * @throws IOException if the envelope holds no record or its signature does not fit
     */
    boolean certify(SignedEnvelope envelope, Duration life) throws IOException;

    /** What is known and not expired, without {@code /p2p}: signed ones first, then the latest. */
    List<Multiaddr> addresses(PeerId peer);

    /** The signed record of a peer, as it can be passed on. */
    Optional<SignedEnvelope> record(PeerId peer);

    /** Peers of which addresses are known, those noted last first. */
    List<PeerId> peers(int limit);

    /** Forgets an address, e.g. one at which another peer answers. */
    void remove(PeerId peer, Multiaddr address);

    /** Forgets a peer. */
    void remove(PeerId peer);
}
