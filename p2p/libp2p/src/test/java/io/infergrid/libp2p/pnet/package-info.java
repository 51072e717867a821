@NullMarked
package io.infergrid.libp2p.pnet;

import org.jspecify.annotations.NullMarked;
