/** Which blocks a worker takes: {@link io.infergrid.grid.placement.Placement}. Pure functions of announcements. */
@NullMarked
package io.infergrid.grid.placement;

import org.jspecify.annotations.NullMarked;
