/**
 * Yamux ({@code /yamux/1.0.0}): many flow-controlled streams over one secured channel. Read
 * {@link io.infergrid.libp2p.yamux.YamuxSession} first. One reader thread takes frames apart and never writes to the network, since
 * two readers that wait for each other's window would wait for ever; whoever writes to a stream seals and sends for itself; the few
 * frames that the reader owes the other side go through a bounded queue to a control thread.
 */
@NullMarked
package io.infergrid.libp2p.yamux;

import org.jspecify.annotations.NullMarked;
