@NullMarked
package io.infergrid.libp2p.perf;

import org.jspecify.annotations.NullMarked;
