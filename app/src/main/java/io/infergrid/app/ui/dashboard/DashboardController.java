package io.infergrid.app.ui.dashboard;

import io.infergrid.app.core.DeviceView;
import io.infergrid.app.core.JobRecord;
import io.infergrid.app.core.Notice;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.SwarmView;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.PipelineStops;
import io.infergrid.app.ui.Screen;
import io.infergrid.app.ui.StateWords;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Throughput;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.Verbs;
import io.infergrid.app.ui.dashboard.DashboardModel.Check;
import io.infergrid.app.ui.dashboard.DashboardModel.Day;
import io.infergrid.app.ui.dashboard.DashboardModel.Event;
import io.infergrid.app.ui.dashboard.DashboardModel.Job;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import javafx.scene.Parent;
import org.jspecify.annotations.Nullable;

/** Turns what the rig publishes into the words of the dashboard. */
public final class DashboardController implements Screen {

    private static final int RECENT = 5;
    private static final int EVENTS = 3;
    private static final int COUNTED = 2000;

    private final Desk desk;
    private final Texts texts;
    private final Formats formats;
    private final DashboardModel model = new DashboardModel();
    private final @Nullable DashboardView view;
    private final List<Observable.Pin> pins = new ArrayList<>();

    public DashboardController(Desk desk, Verbs verbs) {
        this(desk, verbs, true);
    }

    /** @param withView false for a test without a toolkit */
    DashboardController(Desk desk, Verbs verbs, boolean withView) {
        this.desk = desk;
        texts = desk.texts();
        formats = desk.formats();
        view = withView ? new DashboardView(model, texts, formats, verbs, desk.navigator()) : null;
    }

    DashboardModel model() {
        return model;
    }

    @Override
    public Parent view() {
        return Screen.built(view).root();
    }

    @Override
    public void attach() {
        var rig = desk.rig();
        var bindings = desk.bindings();
        pins.add(bindings.bind(rig.state(), this::follow));
        pins.add(bindings.bind(rig.device(), this::follow));
        pins.add(bindings.bind(rig.swarm(), this::follow));
        pins.add(bindings.bind(rig.tokensPerSecond(), value -> model.rate.set(formats.rate(value))));
        pins.add(bindings.bind(desk.throughput().history(), this::follow));
        pins.add(bindings.bind(rig.notices(), this::follow));
        pins.add(bindings.bind(rig.jobsRevision(), revision -> askForJobs()));
    }

    @Override
    public void detach() {
        pins.forEach(Observable.Pin::close);
        pins.clear();
    }

    private void follow(RigState state) {
        model.tone.set(Tone.of(state));
        model.stateWord.set(texts.get("state." + StateWords.key(state)));
        if (state instanceof RigState.Paused(var reasons)) {
            model.sentence.set(StateWords.sentence(texts, reasons.getFirst()));
            model.hint.set(StateWords.endsWhen(texts, reasons.getFirst()));
        } else {
            model.sentence.set(StateWords.sentence(texts, state));
            model.hint.set(texts.get("dashboard.hint." + StateWords.key(state)));
        }
        check();
    }

    private void follow(DeviceView device) {
        model.device.set(device);
        check();
    }

    private void follow(SwarmView swarm) {
        model.model.set(swarm.model());
        model.stages.set(new PipelineStops(texts, formats).of(swarm));
        check();
    }

    private void follow(Throughput.History history) {
        model.history.set(history);
        model.peak.set(texts.get("dashboard.rate.peak", formats.rate(history.peak())));
    }

    private void follow(List<Notice> notices) {
        model.events.set(notices.stream()
                .limit(EVENTS)
                .map(notice -> new Event(Tone.of(notice.severity()), notice.text(), formats.shortDate(notice.at())))
                .toList());
    }

    /** Walks through what work needs, in the order in which a user would fix it. */
    private void check() {
        var state = desk.rig().state().get();
        var swarm = desk.rig().swarm().get();
        var device = desk.rig().device().get();
        var checks = new ArrayList<Check>();
        switch (state) {
            case RigState.Paused(var reasons) ->
                reasons.forEach(reason -> checks.add(new Check(
                        Tone.WARNING, StateWords.sentence(texts, reason), StateWords.endsWhen(texts, reason))));
            case RigState.Idle _ ->
                checks.add(new Check(Tone.WARNING, texts.get("check.stopped"), texts.get("check.stopped.hint")));
            case RigState.Starting(var step) -> checks.add(new Check(Tone.ACCENT, texts.get("check.starting"), step));
            case RigState.Finishing _ ->
                checks.add(new Check(Tone.ACCENT, texts.get("check.finishing"), texts.get("check.finishing.hint")));
            case RigState.Running _ -> checks.add(new Check(Tone.SUCCESS, texts.get("check.free"), ""));
        }
        checks.add(
                device.conformant()
                        ? new Check(Tone.SUCCESS, texts.get("check.conformant"), "")
                        : new Check(
                                Tone.WARNING,
                                texts.get("check.not-conformant"),
                                texts.get("check.not-conformant.hint")));
        var others = swarm.peers().stream().filter(peer -> !peer.self()).count();
        checks.add(
                others > 0
                        ? new Check(Tone.SUCCESS, texts.get("check.peers", others), "")
                        : new Check(Tone.NEUTRAL, texts.get("check.no-peers"), texts.get("check.no-peers.hint")));
        checks.add(pipelineCheck(swarm));
        model.checks.set(List.copyOf(checks));
        model.checksTitle.set(
                texts.get(state instanceof RigState.Running ? "checks.title.working" : "checks.title.not-working"));
    }

    private Check pipelineCheck(SwarmView swarm) {
        if (swarm.pipeline().isEmpty()) {
            return new Check(Tone.NEUTRAL, texts.get("check.no-pipeline"), texts.get("check.no-pipeline.hint"));
        }
        var lost = swarm.pipeline().stream().filter(stage -> !stage.alive()).count();
        return lost == 0
                ? new Check(
                        Tone.SUCCESS,
                        texts.get("check.pipeline", swarm.pipeline().size(), swarm.modelBlocks()),
                        "")
                : new Check(Tone.DANGER, texts.get("check.stage-lost", lost), texts.get("check.stage-lost.hint"));
    }

    private void askForJobs() {
        desk.background().run(() -> desk.rig().jobs("", COUNTED), this::show, failure -> {
            model.jobs.set(List.of());
            model.jobsFailure.set(texts.get("jobs.failed", String.valueOf(failure.getMessage())));
        });
    }

    private void show(List<JobRecord> jobs) {
        var midnight = LocalDate.now(ZoneId.systemDefault())
                .atStartOfDay(ZoneId.systemDefault())
                .toInstant();
        var today =
                jobs.stream().filter(job -> !job.startedAt().isBefore(midnight)).toList();
        model.day.set(new Day(
                today.size(),
                today.stream().mapToLong(JobRecord::completionTokens).sum()));
        model.jobsFailure.set("");
        model.jobs.set(jobs.stream().limit(RECENT).map(this::line).toList());
    }

    private Job line(JobRecord job) {
        return new Job(
                job.id(),
                Tone.ofJob(job.state()),
                texts.getOr("job.state." + job.state(), job.state()),
                job.model(),
                formats.shortDate(job.startedAt()),
                texts.get("unit.tokens", job.completionTokens()),
                formats.tokensPerSecond(job.tokensPerSecond()));
    }
}
