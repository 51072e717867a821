/**
 * TLS 1.3 between peers (libp2p specs, tls): self-signed certificates in which the identity vouches for the key of the connection.
 * Read {@link io.infergrid.libp2p.tls.TlsSecurity} first; QUIC uses the certificates too. TLS itself is the JDK's, certificates are
 * written and read here, since the JDK makes none and trusts authorities where libp2p trusts keys.
 */
@NullMarked
package io.infergrid.libp2p.tls;

import org.jspecify.annotations.NullMarked;
