/** What the rig does now, why it does not do more, and what it did last. Read {@link io.infergrid.app.ui.dashboard.DashboardController} first. */
@NullMarked
package io.infergrid.app.ui.dashboard;

import org.jspecify.annotations.NullMarked;
