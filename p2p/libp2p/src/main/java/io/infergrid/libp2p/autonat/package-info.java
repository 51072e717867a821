/**
 * AutoNAT v2 (libp2p specs, autonat): asks peers whether they can dial one of our addresses, and dials theirs when they ask. Read
 * {@link io.infergrid.libp2p.autonat.AutonatClient} first, then {@link io.infergrid.libp2p.autonat.AutonatServer}.
 */
@NullMarked
package io.infergrid.libp2p.autonat;

import org.jspecify.annotations.NullMarked;
