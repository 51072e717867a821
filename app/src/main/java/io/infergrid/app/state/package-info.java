/**
 * Whether the rig may work: {@link io.infergrid.app.state.RigStateMachine} turns the three verbs and the reasons that hold
 * into one {@link io.infergrid.app.core.RigState}. It starts and stops nothing itself.
 */
@NullMarked
package io.infergrid.app.state;

import org.jspecify.annotations.NullMarked;
