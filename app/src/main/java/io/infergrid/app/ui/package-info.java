/**
 * The window. {@link io.infergrid.app.ui.Window} opens it on a {@link io.infergrid.app.core.Rig}; {@link io.infergrid.app.ui.Shell}
 * is the one frame with the sidebar; each screen is a package of its own with a controller (the only public face), a model
 * (JavaFX properties, no toolkit) and a view (nodes, no rig). What the rig publishes reaches the JavaFX thread through
 * {@link io.infergrid.app.ui.FxBindings} alone. Every text is in {@code strings.properties}; every colour is a token in
 * {@code tokens-light.css} and {@code tokens-dark.css}. This package must never depend on the grid, the engine or SQL.
 */
@NullMarked
package io.infergrid.app.ui;

import org.jspecify.annotations.NullMarked;
