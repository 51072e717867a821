@NullMarked
package io.infergrid.grid.pipeline;

import org.jspecify.annotations.NullMarked;
