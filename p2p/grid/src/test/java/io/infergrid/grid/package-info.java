@NullMarked
package io.infergrid.grid;

import org.jspecify.annotations.NullMarked;
