/** Tests of the host as its users see it. */
@NullMarked
package io.infergrid.libp2p;

import org.jspecify.annotations.NullMarked;
