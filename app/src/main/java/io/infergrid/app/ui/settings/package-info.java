/** What the user can choose, where things are kept, and the self-test. Read {@link io.infergrid.app.ui.settings.SettingsController} first. */
@NullMarked
package io.infergrid.app.ui.settings;

import org.jspecify.annotations.NullMarked;
