@NullMarked
package io.infergrid.compute.arithmetic;

import org.jspecify.annotations.NullMarked;
