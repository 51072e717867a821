/**
 * A chat over the grid that shows which stages answer and how long each token takes on each of them.
 * Read {@link io.infergrid.app.ui.playground.PlaygroundController} first.
 */
@NullMarked
package io.infergrid.app.ui.playground;

import org.jspecify.annotations.NullMarked;
