@NullMarked
package io.infergrid.grid.announce;

import org.jspecify.annotations.NullMarked;
