/** The first start: four steps, and nothing runs before the last. Read {@link io.infergrid.app.ui.welcome.WelcomeController} first. */
@NullMarked
package io.infergrid.app.ui.welcome;

import org.jspecify.annotations.NullMarked;
