/** Measuring a link to a peer, {@code /perf/1.0.0} (libp2p specs, perf). Read {@link io.infergrid.libp2p.perf.Perf}. */
@NullMarked
package io.infergrid.libp2p.perf;

import org.jspecify.annotations.NullMarked;
