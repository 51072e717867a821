/** The file that holds what the user chose: {@link io.infergrid.app.settings.SettingsFile}. */
@NullMarked
package io.infergrid.app.settings;

import org.jspecify.annotations.NullMarked;
