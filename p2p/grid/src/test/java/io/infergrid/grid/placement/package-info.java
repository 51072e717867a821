@NullMarked
package io.infergrid.grid.placement;

import org.jspecify.annotations.NullMarked;
