package io.infergrid.app.ui.welcome;

import io.infergrid.app.core.DeviceView;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.Settings;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Screen;
import io.infergrid.app.ui.benchmark.BenchmarkRun;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import javafx.beans.property.IntegerProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleIntegerProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.Parent;

/** Leads through the first start. Nothing is measured and nothing runs unless the user presses the button for it. */
public final class WelcomeController implements Screen {

    /** What it does, the device, the limits, start. */
    static final int STEPS = 4;

    final IntegerProperty step = new SimpleIntegerProperty();
    final ObjectProperty<Settings> settings = new SimpleObjectProperty<>(Settings.defaults());
    final ObjectProperty<DeviceView> device;

    private final Desk desk;
    private final BenchmarkRun benchmark;
    private final Runnable done;
    private final WelcomeView view;
    private final List<Observable.Pin> pins = new ArrayList<>();

    /** @param done takes the user to the dashboard */
    public WelcomeController(Desk desk, BenchmarkRun benchmark, Runnable done) {
        this.desk = desk;
        this.benchmark = benchmark;
        this.done = done;
        settings.set(desk.rig().settings().get());
        device = new SimpleObjectProperty<>(desk.rig().device().get());
        view = new WelcomeView(this, desk, benchmark.model());
    }

    @Override
    public Parent view() {
        return view.root();
    }

    @Override
    public void attach() {
        pins.add(desk.bindings().bind(desk.rig().settings(), settings::set));
        pins.add(desk.bindings().bind(desk.rig().device(), device::set));
        benchmark.load();
        view.focus();
    }

    @Override
    public void detach() {
        pins.forEach(Observable.Pin::close);
        pins.clear();
    }

    void next() {
        step.set(Math.min(STEPS - 1, step.get() + 1));
    }

    void back() {
        step.set(Math.max(0, step.get() - 1));
    }

    void measure() {
        benchmark.start();
    }

    void cancelMeasuring() {
        benchmark.cancel();
    }

    void change(UnaryOperator<Settings> change) {
        desk.change(change);
    }

    /** Ends the welcome; {@code start} presses Start as well. */
    void finish(boolean start) {
        benchmark.cancel();
        change(now -> now.withWelcomeDone(true));
        if (start) {
            desk.inBackground(desk.rig()::start, "message.verb-failed");
        }
        done.run();
    }
}
