package io.infergrid.app.ui.settings;

import io.infergrid.app.core.Check;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.Rig.Ability;
import io.infergrid.app.core.Settings;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Screen;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.Parent;
import org.jspecify.annotations.Nullable;

/** Shows and changes the settings; every change counts at once and is stored by the rig. */
public final class SettingsController implements Screen {

    final ObjectProperty<Settings> settings = new SimpleObjectProperty<>(Settings.defaults());
    final ObjectProperty<List<Ability>> abilities = new SimpleObjectProperty<>(List.of());
    final ObjectProperty<List<Check>> checks = new SimpleObjectProperty<>(List.of());
    final BooleanProperty checking = new SimpleBooleanProperty();

    private final Desk desk;
    private final @Nullable SettingsView view;
    private Observable.@Nullable Pin pin;
    private Observable.@Nullable Pin abilitiesPin;

    public SettingsController(Desk desk) {
        this(desk, true);
    }

    /** @param withView false for a test without a toolkit */
    SettingsController(Desk desk, boolean withView) {
        this.desk = desk;
        settings.set(desk.rig().settings().get());
        view = withView ? new SettingsView(this, desk) : null;
    }

    @Override
    public Parent view() {
        return Screen.built(view).root();
    }

    @Override
    public void attach() {
        pin = desk.bindings().bind(desk.rig().settings(), settings::set);
        abilitiesPin = desk.bindings().bind(desk.rig().abilities(), abilities::set);
    }

    @Override
    public void detach() {
        if (pin != null) {
            pin.close();
        }
        if (abilitiesPin != null) {
            abilitiesPin.close();
        }
    }

    void change(UnaryOperator<Settings> change) {
        desk.change(change);
    }

    void selfTest() {
        checking.set(true);
        desk.background()
                .run(
                        desk.rig()::selfTest,
                        found -> {
                            checks.set(found);
                            checking.set(false);
                        },
                        failure -> {
                            checking.set(false);
                            desk.tellFailure("settings.self-test.failed", failure);
                        });
    }

    void copy(String text) {
        desk.copy(text);
    }

    void copyDiagnostics() {
        desk.copy(Diagnostics.of(desk.rig(), checks.get(), version()));
    }

    /** The version of the program as its jar says, or that it was not started from a jar. */
    static String version() {
        return Objects.requireNonNullElse(
                SettingsController.class.getPackage().getImplementationVersion(), "development");
    }
}
