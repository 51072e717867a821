@NullMarked
package io.infergrid.libp2p.holepunch;

import org.jspecify.annotations.NullMarked;
