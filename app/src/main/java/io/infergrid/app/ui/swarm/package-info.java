/** Who is there, which blocks they hold, and what is on its way. Read {@link io.infergrid.app.ui.swarm.SwarmController} first. */
@NullMarked
package io.infergrid.app.ui.swarm;

import org.jspecify.annotations.NullMarked;
