@NullMarked
package io.infergrid.grid.wire;

import org.jspecify.annotations.NullMarked;
