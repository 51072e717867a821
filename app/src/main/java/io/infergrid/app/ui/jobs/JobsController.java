package io.infergrid.app.ui.jobs;

import io.infergrid.app.core.JobRecord;
import io.infergrid.app.core.Observable;
import io.infergrid.app.ui.Csv;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Screen;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.jobs.JobsModel.Filter;
import io.infergrid.app.ui.jobs.JobsModel.Phase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javafx.scene.Parent;
import org.jspecify.annotations.Nullable;

/** Asks for the stored jobs whenever they or the question change, and shows the newest answer only. */
public final class JobsController implements Screen {

    static final int LIMIT = 20_000;

    private final Desk desk;
    private final Texts texts;
    private final Formats formats;
    private final JobsModel model = new JobsModel();
    private final @Nullable JobsView view;
    private Observable.@Nullable Pin pin;
    private @Nullable String wanted;
    private long question;

    public JobsController(Desk desk) {
        this(desk, true);
    }

    /** @param withView false for a test without a toolkit */
    JobsController(Desk desk, boolean withView) {
        this.desk = desk;
        texts = desk.texts();
        formats = desk.formats();
        view = withView ? new JobsView(model, texts, formats, this) : null;
    }

    JobsModel model() {
        return model;
    }

    @Override
    public Parent view() {
        return Screen.built(view).root();
    }

    @Override
    public void attach() {
        pin = desk.bindings().bind(desk.rig().jobsRevision(), revision -> ask());
    }

    @Override
    public void detach() {
        if (pin != null) {
            pin.close();
        }
    }

    /** Chooses the job {@code id} as soon as it is in the list. */
    public void choose(String id) {
        wanted = id;
        model.filter.set(Filter.ALL);
        model.search.set("");
        ask();
    }

    void search(String words) {
        model.search.set(words.strip());
        ask();
    }

    void filter(Filter filter) {
        model.filter.set(filter);
        ask();
    }

    void ask() {
        var asked = ++question;
        var words = model.search.get();
        if (model.jobs.isEmpty()) {
            model.phase.set(Phase.LOADING);
        }
        desk.background()
                .run(
                        () -> desk.rig().jobs(words, LIMIT),
                        jobs -> {
                            if (asked == question) {
                                show(jobs);
                            }
                        },
                        failure -> {
                            if (asked == question) {
                                model.jobs.clear();
                                model.failure.set(texts.get("jobs.failed", String.valueOf(failure.getMessage())));
                                model.phase.set(Phase.FAILED);
                            }
                        });
    }

    private void show(List<JobRecord> found) {
        var filter = model.filter.get();
        var jobs = filter == Filter.ALL
                ? found
                : found.stream()
                        .filter(job -> job.state().equals(filter.name().toLowerCase(Locale.ROOT)))
                        .toList();
        var before = model.chosen.get();
        var chosenId = wanted != null ? wanted : before == null ? "" : before.id();
        model.jobs.setAll(jobs);
        model.count.set(texts.get("jobs.count", jobs.size()));
        if (!jobs.isEmpty()) {
            model.phase.set(Phase.FILLED);
        } else {
            model.phase.set(filter == Filter.ALL && model.search.get().isEmpty() ? Phase.EMPTY : Phase.NO_MATCH);
        }
        jobs.stream()
                .filter(job -> job.id().equals(chosenId))
                .findFirst()
                .ifPresentOrElse(this::choose, () -> choose((JobRecord) null));
        wanted = null;
    }

    /** Shows one job with its windows; null for none. */
    void choose(@Nullable JobRecord job) {
        var same = job != null && job.equals(model.chosen.get());
        model.chosen.set(job);
        if (job == null || same) {
            return;
        }
        model.windows.set(List.of());
        model.windowsFailure.set("");
        desk.background()
                .run(
                        () -> desk.rig().windows(job.id()),
                        windows -> {
                            if (job.equals(model.chosen.get())) {
                                model.windows.set(windows);
                            }
                        },
                        failure -> {
                            if (job.equals(model.chosen.get())) {
                                model.windowsFailure.set(
                                        texts.get("jobs.failed", String.valueOf(failure.getMessage())));
                            }
                        });
    }

    void copy(String text) {
        desk.copy(text);
    }

    void export() {
        desk.filePicker().save(texts.get("export.title"), "infergrid-jobs.csv").ifPresent(this::export);
    }

    private void export(Path file) {
        var jobs = List.copyOf(model.jobs);
        desk.background()
                .run(
                        () -> Files.writeString(file, csv(jobs)),
                        written -> desk.messages()
                                .accept(new Desk.Message(
                                        Tone.SUCCESS, texts.get("export.done", jobs.size(), file.toString()))),
                        failure -> desk.tellFailure("export.failed", failure));
    }

    /** Column names are those of the store, in no language, so that a script keeps working. */
    static String csv(List<JobRecord> jobs) {
        var csv = new Csv()
                .line(
                        "id",
                        "started_at",
                        "duration_ms",
                        "model",
                        "state",
                        "prompt_tokens",
                        "completion_tokens",
                        "tokens_per_second",
                        "stages",
                        "transcript_sha256",
                        "error");
        for (var job : jobs) {
            csv.line(
                    job.id(),
                    job.startedAt(),
                    job.durationMillis(),
                    job.model(),
                    job.state(),
                    job.promptTokens(),
                    job.completionTokens(),
                    job.tokensPerSecond(),
                    String.join(" ", job.stages()),
                    job.transcriptSha256(),
                    job.error());
        }
        return csv.toString();
    }
}
