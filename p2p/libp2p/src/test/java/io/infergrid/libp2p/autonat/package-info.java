@NullMarked
package io.infergrid.libp2p.autonat;

import org.jspecify.annotations.NullMarked;
