/**
 * The rig as the rest of the program sees it: {@link io.infergrid.app.core.Rig} is the one face that the window, the command
 * line and the local API share. What changes is published through {@link io.infergrid.app.core.Observable}, which knows
 * nothing of JavaFX. This package must never depend on {@code app.ui}, {@code app.cli} or JavaFX.
 */
@NullMarked
package io.infergrid.app.core;

import org.jspecify.annotations.NullMarked;
