@NullMarked
package io.infergrid.compute.gguf;

import org.jspecify.annotations.NullMarked;
