@NullMarked
package io.infergrid.libp2p.record;

import org.jspecify.annotations.NullMarked;
