@NullMarked
package io.infergrid.libp2p.relay;

import org.jspecify.annotations.NullMarked;
