/**
 * Bytes to values and back: unsigned varints, the few protobuf messages of libp2p, base58 and multihashes. Everything here reads
 * what strangers wrote, so each length is checked against what is there before memory is taken, and the only thing thrown is
 * {@link io.infergrid.libp2p.codec.DecodeException}. Depends on the JDK alone.
 */
@NullMarked
package io.infergrid.libp2p.codec;

import org.jspecify.annotations.NullMarked;
