/**
 * multistream-select 1.0: how two sides agree on the protocol of a connection or stream. Works on any pair of blocking streams.
 */
@NullMarked
package io.infergrid.libp2p.multistream;

import org.jspecify.annotations.NullMarked;
