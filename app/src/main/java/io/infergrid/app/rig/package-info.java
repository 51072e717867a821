/**
 * The composition root: {@link io.infergrid.app.rig.RigService} wires store, device, state machine and local grid into the one
 * {@link io.infergrid.app.core.Rig} that window, command line and local API share.
 */
@NullMarked
package io.infergrid.app.rig;

import org.jspecify.annotations.NullMarked;
