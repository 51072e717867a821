package io.infergrid.app.ui;

import atlantafx.base.theme.PrimerDark;
import atlantafx.base.theme.PrimerLight;
import io.infergrid.app.core.Settings;
import java.util.List;
import java.util.Objects;
import javafx.application.Application;
import javafx.application.ColorScheme;
import javafx.application.Platform;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.Scene;
import javafx.scene.text.Font;

/** Light or dark: as the system has it, or as the user chose. JavaFX thread only. */
public final class Theme {

    private static final List<String> FONTS =
            List.of("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf", "JetBrainsMono-Regular.ttf");

    private final ObjectProperty<Settings.Theme> choice;
    private final ReadOnlyBooleanWrapper dark = new ReadOnlyBooleanWrapper();

    public Theme(Settings.Theme initial) {
        FONTS.forEach(name -> Font.loadFont(resource("fonts/" + name), 13));
        choice = new SimpleObjectProperty<>(initial);
        decide();
        choice.subscribe(this::decide);
        Platform.getPreferences().colorSchemeProperty().subscribe(this::decide);
        dark.subscribe(isDark -> Application.setUserAgentStylesheet(
                isDark ? new PrimerDark().getUserAgentStylesheet() : new PrimerLight().getUserAgentStylesheet()));
    }

    public ObjectProperty<Settings.Theme> choiceProperty() {
        return choice;
    }

    public ReadOnlyBooleanProperty darkProperty() {
        return dark.getReadOnlyProperty();
    }

    /** Gives {@code scene} our tokens and rules, now and whenever the theme changes. */
    public void dress(Scene scene) {
        dark.subscribe(isDark -> scene.getStylesheets()
                .setAll(resource(isDark ? "tokens-dark.css" : "tokens-light.css"), resource("window.css")));
    }

    private void decide() {
        dark.set(
                switch (choice.get()) {
                    case LIGHT -> false;
                    case DARK -> true;
                    case SYSTEM -> Platform.getPreferences().getColorScheme() == ColorScheme.DARK;
                });
    }

    static String resource(String name) {
        return Objects.requireNonNull(Theme.class.getResource(name), () -> "expected resource " + name + ", found none")
                .toExternalForm();
    }
}
