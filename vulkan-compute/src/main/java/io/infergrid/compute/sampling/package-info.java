/**
 * From logits to a token, in a way that anyone can check: {@link io.infergrid.compute.sampling.Sampler} is a pure function of
 * the logits, the parameters, the position and the tokens before it. Its randomness is {@link
 * io.infergrid.compute.sampling.GumbelNoise}, computed for each (seed, position, token) by itself, so there is no state that
 * two machines could have in different order. Only correctly rounded operations and {@code StrictMath}.
 *
 * <p>Depends on nothing.
 */
@NullMarked
package io.infergrid.compute.sampling;

import org.jspecify.annotations.NullMarked;
