@NullMarked
package io.infergrid.libp2p;

import org.jspecify.annotations.NullMarked;
