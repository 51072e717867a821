@NullMarked
package io.infergrid.libp2p.peers;

import org.jspecify.annotations.NullMarked;
