/**
 * Signed statements that can be passed on: the envelope of libp2p's RFC 0002 and the peer record of RFC 0003, by which a peer vouches
 * for its own addresses. Read {@link io.infergrid.libp2p.record.SignedEnvelope} first.
 */
@NullMarked
package io.infergrid.libp2p.record;

import org.jspecify.annotations.NullMarked;
