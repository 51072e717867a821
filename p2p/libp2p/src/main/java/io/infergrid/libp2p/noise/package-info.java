/**
 * Noise XX for libp2p ({@code /noise}): three messages after which both sides know whom they talk to, then sealed records. Read
 * {@link io.infergrid.libp2p.noise.NoiseHandshake} first; {@link io.infergrid.libp2p.noise.NoiseXX} is the pattern as in the Noise
 * specification and can be run against its vectors. Bulk encryption, hashes and HKDF come from the JDK, X25519 from Bouncy Castle.
 */
@NullMarked
package io.infergrid.libp2p.noise;

import org.jspecify.annotations.NullMarked;
