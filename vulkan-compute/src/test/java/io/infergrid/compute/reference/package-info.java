/** Whole forward passes against llama.cpp: its reference logits, and itself as a program. */
@NullMarked
package io.infergrid.compute.reference;

import org.jspecify.annotations.NullMarked;
