/**
 * QUIC version 1 as a transport of the libp2p host (libp2p specs, quic): one connection is one QUIC connection, its streams are
 * QUIC's, and its TLS handshake shows the same certificates as {@code /tls/1.0.0}. Read {@link io.infergrid.libp2p.quic.QuicTransport}
 * first. The protocol itself is quiche's, through Netty, which appears in no other package: its event loops end at
 * {@code QuicStream}, from where on everything blocks on virtual threads like the rest of the library.
 */
@NullMarked
package io.infergrid.libp2p.quic;

import org.jspecify.annotations.NullMarked;
