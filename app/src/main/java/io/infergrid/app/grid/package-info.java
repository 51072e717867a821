/**
 * The grid on one computer: {@link io.infergrid.app.grid.LocalGrid} is gateway, bootstrap and seeder in this process and has
 * worker processes beside it, each of which is an ordinary node of the grid ({@code infergrid node}).
 */
@NullMarked
package io.infergrid.app.grid;

import org.jspecify.annotations.NullMarked;
