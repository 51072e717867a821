@NullMarked
package io.infergrid.libp2p.portmap;

import org.jspecify.annotations.NullMarked;
