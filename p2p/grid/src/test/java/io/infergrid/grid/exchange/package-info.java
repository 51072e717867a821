@NullMarked
package io.infergrid.grid.exchange;

import org.jspecify.annotations.NullMarked;
