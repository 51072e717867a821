/**
 * The parts that screens are made of: they know colours and geometry, and nothing of the rig.
 * Read {@link io.infergrid.app.ui.control.Plot} first.
 */
@NullMarked
package io.infergrid.app.ui.control;

import org.jspecify.annotations.NullMarked;
