/**
 * How the demo model is made: text from a seeded grammar, a byte-level BPE vocabulary learnt from that text, a small Llama
 * trained on it with libtorch, and the GGUF file that the product ships. Read {@link io.infergrid.demo.DemoModel} first.
 *
 * <p>Nothing of the product depends on this package; it is built only with {@code -Ptrain-demo}.
 */
@NullMarked
package io.infergrid.demo;

import org.jspecify.annotations.NullMarked;
