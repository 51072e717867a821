/** QUIC between hosts of ours, with js-libp2p, and with peers that keep to no rule. */
@NullMarked
package io.infergrid.libp2p.quic;

import org.jspecify.annotations.NullMarked;
