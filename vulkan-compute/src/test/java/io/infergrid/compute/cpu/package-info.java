@NullMarked
package io.infergrid.compute.cpu;

import org.jspecify.annotations.NullMarked;
