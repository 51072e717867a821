@NullMarked
package io.infergrid.libp2p.reachability;

import org.jspecify.annotations.NullMarked;
