/**
 * Getting out of the owner's way: what the computer and its user are doing ({@link io.infergrid.app.care.Sensors}), what follows from
 * it under the owner's limits ({@link io.infergrid.app.care.Yielding}, pure; read it first), and the thread that tells the rig
 * ({@link io.infergrid.app.care.Care}). Sensors of each operating system are in {@code care.sense}. Knows no grid and no window.
 */
@NullMarked
package io.infergrid.app.care;

import org.jspecify.annotations.NullMarked;
