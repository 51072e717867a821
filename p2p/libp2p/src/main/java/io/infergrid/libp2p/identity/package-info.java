/**
 * Who a peer is: public and private keys in libp2p's protobuf form and the file that keeps ours. Read
 * {@link io.infergrid.libp2p.identity.PrivateKey} first. Ed25519 comes from Bouncy Castle, which is ten to twenty times faster
 * than the JDK at it, the tests hold the two against each other, and so does secp256k1, which the JDK lacks; P-256 and RSA are the
 * JDK's.
 */
@NullMarked
package io.infergrid.libp2p.identity;

import org.jspecify.annotations.NullMarked;
