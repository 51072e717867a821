@NullMarked
package io.infergrid.compute.engine;

import org.jspecify.annotations.NullMarked;
