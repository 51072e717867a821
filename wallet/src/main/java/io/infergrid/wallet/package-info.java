@NullMarked
package io.infergrid.wallet;

import org.jspecify.annotations.NullMarked;
