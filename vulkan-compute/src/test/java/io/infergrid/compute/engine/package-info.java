/** What stages have in common on every backend. */
@NullMarked
package io.infergrid.compute.engine;

import org.jspecify.annotations.NullMarked;
