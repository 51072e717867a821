package io.infergrid.app.ui.benchmark;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.ui.Csv;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Screen;
import io.infergrid.app.ui.Tone;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import javafx.scene.Parent;

/** Lets the user measure the device, see what was measured before, and take it away as a file. */
public final class BenchmarkController implements Screen {

    private final Desk desk;
    private final BenchmarkRun run;
    private final BenchmarkView view;

    public BenchmarkController(Desk desk, BenchmarkRun run) {
        this.desk = desk;
        this.run = run;
        view = new BenchmarkView(run.model(), desk.texts(), desk.formats(), this);
    }

    @Override
    public Parent view() {
        return view.root();
    }

    @Override
    public void attach() {
        run.load();
    }

    @Override
    public void detach() {}

    void start() {
        run.start();
    }

    void cancel() {
        run.cancel();
    }

    void retry() {
        run.load();
    }

    void copy(String text) {
        desk.copy(text);
    }

    void export() {
        var records = run.model().records.get();
        desk.filePicker()
                .save(desk.texts().get("export.title"), "infergrid-benchmarks.csv")
                .ifPresent(file -> desk.background()
                        .run(
                                () -> Files.writeString(file, csv(records)),
                                written -> desk.messages()
                                        .accept(new Desk.Message(
                                                Tone.SUCCESS,
                                                desk.texts().get("export.done", records.size(), file.toString()))),
                                failure -> desk.tellFailure("export.failed", failure)));
    }

    /** One column for each figure that any of the runs has; column names are the figures' keys. */
    static String csv(List<BenchmarkRecord> records) {
        var keys = new TreeSet<String>();
        records.forEach(record -> keys.addAll(record.figures().keySet()));
        var csv = new Csv();
        var head = new ArrayList<Object>(
                List.of("id", "started_at", "device", "backend", "conformant", "conformance_digest"));
        head.addAll(keys);
        csv.line(head.toArray());
        for (var record : records) {
            var line = new ArrayList<Object>(List.of(
                    record.id(),
                    record.startedAt(),
                    record.device(),
                    record.backend(),
                    record.conformant(),
                    record.conformanceDigest()));
            keys.forEach(key -> {
                var value = record.figures().get(key);
                line.add(value == null ? "" : value);
            });
            csv.line(line.toArray());
        }
        return csv.toString();
    }
}
