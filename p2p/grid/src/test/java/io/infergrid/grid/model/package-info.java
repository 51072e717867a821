@NullMarked
package io.infergrid.grid.model;

import org.jspecify.annotations.NullMarked;
