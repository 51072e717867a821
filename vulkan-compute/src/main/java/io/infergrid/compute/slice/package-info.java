/**
 * A stage shared out among several machines: each computes some output rows of every matrix ({@link io.infergrid.compute.slice.SlicePlan})
 * and gets the others' results at four points of a block ({@link io.infergrid.compute.slice.Gather},
 * {@link io.infergrid.compute.slice.SliceExchange}). Nothing is summed across machines, so the bytes are those of one. Knows no network.
 */
@NullMarked
package io.infergrid.compute.slice;

import org.jspecify.annotations.NullMarked;
