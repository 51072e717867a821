/**
 * Who computed what: for each window of 32 positions a stage commits to the bytes that it was given and the bytes that it put out, signs that,
 * and reveals it only when everybody who computed the same window has committed too. {@link
 * io.infergrid.grid.verification.WindowClaim} is what a stage says, {@link io.infergrid.grid.verification.WindowHasher} makes
 * it from the bytes that pass, and {@link io.infergrid.grid.verification.WindowAudit} is the gateway's comparison. By IG1 one
 * differing byte is a fault, and because a stage's input is its neighbour's output, it is clear between whom.
 */
@NullMarked
package io.infergrid.grid.verification;

import org.jspecify.annotations.NullMarked;
