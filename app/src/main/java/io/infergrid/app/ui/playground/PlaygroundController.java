package io.infergrid.app.ui.playground;

import io.infergrid.app.core.Observable;
import io.infergrid.app.core.ObservableValue;
import io.infergrid.app.core.Rig.ChatMessage;
import io.infergrid.app.core.Rig.ChatOptions;
import io.infergrid.app.core.Rig.ChatResult;
import io.infergrid.app.core.Rig.Hop;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.SwarmView;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Screen;
import io.infergrid.app.ui.StateWords;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.Verbs;
import io.infergrid.app.ui.playground.PlaygroundModel.Stage;
import io.infergrid.app.ui.playground.PlaygroundModel.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import javafx.scene.Parent;
import org.jspecify.annotations.Nullable;

/** Asks the grid and shows the answer as it comes. An answer goes on while another screen is seen. */
public final class PlaygroundController implements Screen {

    private static final int TRACE = 120;

    private final Desk desk;
    private final Texts texts;
    private final Formats formats;
    private final LongSupplier nanoTime;
    private final PlaygroundModel model = new PlaygroundModel();
    private final @Nullable PlaygroundView view;
    private final List<Observable.Pin> pins = new ArrayList<>();
    private @Nullable Answer answer;

    public PlaygroundController(Desk desk, Verbs verbs) {
        this(desk, verbs, System::nanoTime, true);
    }

    /** @param withView false for a test without a toolkit */
    PlaygroundController(Desk desk, Verbs verbs, LongSupplier nanoTime, boolean withView) {
        this.desk = desk;
        this.nanoTime = nanoTime;
        texts = desk.texts();
        formats = desk.formats();
        view = withView ? new PlaygroundView(model, texts, formats, this, verbs) : null;
    }

    PlaygroundModel model() {
        return model;
    }

    @Override
    public Parent view() {
        return Screen.built(view).root();
    }

    @Override
    public void attach() {
        pins.add(desk.bindings().bind(desk.rig().state(), this::follow));
        pins.add(desk.bindings().bind(desk.rig().swarm(), this::follow));
        follow(answer);
    }

    @Override
    public void detach() {
        pins.forEach(Observable.Pin::close);
        pins.clear();
    }

    /** Sends what the user wrote, with the conversation before it. */
    void ask(String words) {
        var prompt = words.strip();
        if (prompt.isEmpty() || model.answering.get()) {
            return;
        }
        model.turns.add(new Turn(true, prompt));
        var messages = model.turns.stream()
                .filter(turn ->
                        turn.tone.get() != Tone.DANGER && !turn.text.get().isEmpty())
                .map(turn -> new ChatMessage(turn.user ? "user" : "assistant", turn.text.get()))
                .toList();
        var options = new ChatOptions(
                model.maxTokens.get(), (float) model.temperature.get(), (float) model.topP.get(), model.seed.get());
        var turn = new Turn(false, "");
        turn.streaming.set(true);
        model.turns.add(turn);
        model.answering.set(true);
        var next = new Answer(turn, nanoTime.getAsLong());
        answer = next;
        follow(next);
        desk.background()
                .run(
                        () -> desk.rig().chat(messages, options, next::token, next.stopped::get),
                        result -> end(next, result),
                        failure -> fail(next, failure));
    }

    void stop() {
        if (answer != null) {
            answer.stopped.set(true);
        }
    }

    /** Forgets the conversation; the jobs stay stored. */
    void clear() {
        stop();
        answer = null;
        model.turns.clear();
        model.answering.set(false);
        model.trace.set(List.of());
        model.rate.set("");
        model.firstToken.set("");
        model.tokens.set("");
    }

    void openJob(String id) {
        desk.navigator().openJob(id);
    }

    private void follow(RigState state) {
        model.ready.set(state instanceof RigState.Running);
        model.state.set(StateWords.sentence(texts, state));
    }

    private void follow(SwarmView swarm) {
        model.subtitle.set(
                swarm.pipeline().isEmpty()
                        ? texts.get("playground.subtitle.no-pipeline")
                        : texts.get(
                                "playground.subtitle",
                                swarm.model(),
                                swarm.pipeline().size()));
        if (answer == null || model.stages.get().isEmpty()) {
            var none = texts.get("value.none");
            model.stages.set(swarm.pipeline().stream()
                    .map(stage -> new Stage(
                            stage.index(),
                            texts.get("stage.name", stage.index() + 1),
                            formats.shortId(stage.peerId()),
                            stage.stepTime().isZero() ? none : formats.time(stage.stepTime()),
                            0))
                    .toList());
        }
    }

    private void follow(@Nullable Answer next) {
        if (next != null && model.answering.get()) {
            pins.add(desk.bindings().bind(next.progress, progress -> show(next, progress)));
        }
    }

    private void show(Answer shown, Progress progress) {
        if (shown != answer || progress.tokens() == 0) {
            return;
        }
        shown.turn.text.set(progress.text());
        model.tokens.set(texts.get("unit.tokens", progress.tokens()));
        model.rate.set(formats.rate(progress.rate()));
        model.firstToken.set(formats.time(progress.firstToken()));
        model.trace.set(progress.trace());
        var slowest = progress.hops().stream()
                .mapToLong(hop -> hop.time().toNanos())
                .max()
                .orElse(0);
        model.stages.set(progress.hops().stream()
                .map(hop -> new Stage(
                        hop.stage(),
                        texts.get("stage.name", hop.stage() + 1),
                        formats.shortId(hop.peerId()),
                        formats.time(hop.time()),
                        slowest == 0 ? 0 : (double) hop.time().toNanos() / slowest))
                .toList());
    }

    private void end(Answer ended, ChatResult result) {
        show(ended, ended.progress.get());
        var turn = ended.turn;
        turn.text.set(result.text().isEmpty() ? texts.get("playground.silent") : result.text());
        turn.jobId.set(result.jobId());
        turn.footer.set(texts.get(
                "playground.footer",
                texts.get("unit.tokens", result.completionTokens()),
                formats.tokensPerSecond(ended.progress.get().rate()),
                texts.getOr("playground.finish." + result.finishReason(), result.finishReason())));
        over(ended);
    }

    private void fail(Answer failed, Exception failure) {
        failed.turn.tone.set(Tone.DANGER);
        failed.turn.text.set(texts.get("playground.failed", String.valueOf(failure.getMessage())));
        over(failed);
    }

    private void over(Answer ended) {
        ended.turn.streaming.set(false);
        if (ended == answer) {
            model.answering.set(false);
        }
    }

    /**
     * What has come so far.
     *
     * @param hops of the last token
     * @param trace milliseconds per stage of the last tokens
     * @param rate tokens per second after the first token
     */
    private record Progress(
            int tokens, String text, List<Hop> hops, List<double[]> trace, Duration firstToken, double rate) {}

    /** An answer on its way: filled by the thread that asks, read on the JavaFX thread. */
    private final class Answer {
        final Turn turn;
        final AtomicBoolean stopped = new AtomicBoolean();
        final ObservableValue<Progress> progress =
                new ObservableValue<>(new Progress(0, "", List.of(), List.of(), Duration.ZERO, 0));
        private final long askedAt;
        private final StringBuilder text = new StringBuilder();
        private final List<double[]> trace = new ArrayList<>();
        private int tokens;
        private long firstAt;

        Answer(Turn turn, long askedAt) {
            this.turn = turn;
            this.askedAt = askedAt;
        }

        void token(String words, List<Hop> hops) {
            var now = nanoTime.getAsLong();
            if (tokens == 0) {
                firstAt = now;
            }
            tokens++;
            text.append(words);
            trace.add(
                    hops.stream().mapToDouble(hop -> hop.time().toNanos() / 1e6).toArray());
            if (trace.size() > TRACE) {
                trace.removeFirst();
            }
            var rate = now > firstAt ? (tokens - 1) * 1e9 / (now - firstAt) : 0;
            progress.set(new Progress(
                    tokens,
                    text.toString(),
                    List.copyOf(hops),
                    List.copyOf(trace),
                    Duration.ofNanos(firstAt - askedAt),
                    rate));
        }
    }
}
