@NullMarked
package io.infergrid.app;

import org.jspecify.annotations.NullMarked;
