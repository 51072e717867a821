package io.infergrid.app.ui.benchmark;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.ObservableValue;
import io.infergrid.app.core.Rig;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Tone;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Runs the benchmark and keeps its model: shared by the welcome and the benchmark screen. JavaFX thread only. */
public final class BenchmarkRun {

    private static final int SEEN = 200;
    private static final int MOST_POINTS = 400;

    private final Desk desk;
    private final BenchmarkModel model = new BenchmarkModel();
    private @Nullable Listener listener;

    public BenchmarkRun(Desk desk) {
        this.desk = desk;
    }

    public BenchmarkModel model() {
        return model;
    }

    /** Reads the stored runs. */
    public void load() {
        desk.background()
                .run(
                        () -> desk.rig().benchmarks(SEEN),
                        records -> {
                            model.failure.set("");
                            model.records.set(records);
                        },
                        failure -> model.failure.set(
                                desk.texts().get("benchmark.unreadable", String.valueOf(failure.getMessage()))));
    }

    /** Starts a run unless one is under way. */
    public void start() {
        if (model.running.get()) {
            return;
        }
        var next = new Listener();
        listener = next;
        model.running.set(true);
        model.fraction.set(0);
        model.step.set(desk.texts().get("benchmark.starting"));
        model.live.set(BenchmarkModel.Series.NONE);
        var pin = desk.bindings().bind(next.progress, this::show);
        desk.background()
                .run(
                        () -> desk.rig().benchmark(next, next.cancelled::get),
                        record -> end(pin, next, record),
                        failure -> {
                            over(pin);
                            if (next.cancelled.get()) {
                                cancelled();
                            } else {
                                desk.tellFailure("benchmark.failed", failure);
                            }
                        });
    }

    public void cancel() {
        if (listener != null) {
            listener.cancelled.set(true);
        }
    }

    private void end(Observable.Pin pin, Listener ended, BenchmarkRecord record) {
        show(ended.progress.get());
        over(pin);
        if (ended.cancelled.get()) {
            cancelled();
        } else {
            desk.messages()
                    .accept(new Desk.Message(
                            record.conformant() ? Tone.SUCCESS : Tone.WARNING,
                            desk.texts()
                                    .get(record.conformant() ? "benchmark.done" : "benchmark.done.not-conformant")));
        }
    }

    private void cancelled() {
        desk.messages().accept(new Desk.Message(Tone.NEUTRAL, desk.texts().get("benchmark.cancelled")));
    }

    private void over(Observable.Pin pin) {
        pin.close();
        model.running.set(false);
        load();
    }

    private void show(Progress progress) {
        if (!progress.step().isEmpty()) {
            model.step.set(progress.step());
        }
        model.fraction.set(progress.fraction());
        model.live.set(progress.series());
    }

    private record Progress(String step, double fraction, BenchmarkModel.Series series) {}

    /** Filled by the thread that measures. */
    private static final class Listener implements Rig.BenchmarkListener {
        final AtomicBoolean cancelled = new AtomicBoolean();
        final ObservableValue<Progress> progress =
                new ObservableValue<>(new Progress("", 0, BenchmarkModel.Series.NONE));
        private final List<Double> seconds = new ArrayList<>();
        private final List<Double> values = new ArrayList<>();
        private String key = "";

        @Override
        public void progress(String step, double fraction) {
            progress.update(now -> new Progress(step, Math.clamp(fraction, 0, 1), now.series()));
        }

        @Override
        public void sample(String series, double second, double value) {
            if (!series.equals(key)) {
                key = series;
                seconds.clear();
                values.clear();
            }
            seconds.add(second);
            values.add(value);
            if (seconds.size() > MOST_POINTS) {
                seconds.removeFirst();
                values.removeFirst();
            }
            var points = new BenchmarkModel.Series(key, List.copyOf(seconds), List.copyOf(values));
            progress.update(now -> new Progress(now.step(), now.fraction(), points));
        }
    }
}
