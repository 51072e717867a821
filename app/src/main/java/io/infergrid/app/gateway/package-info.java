/**
 * The local API: an OpenAI-compatible gateway to the grid and the rig's own verbs, on 127.0.0.1 only. {@link
 * io.infergrid.app.gateway.LocalApi} is the server, {@link io.infergrid.app.gateway.RunningInstance} the way in which a second
 * process of the program finds it.
 */
@NullMarked
package io.infergrid.app.gateway;

import org.jspecify.annotations.NullMarked;
