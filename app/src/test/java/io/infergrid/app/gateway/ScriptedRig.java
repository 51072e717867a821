package io.infergrid.app.gateway;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.core.ChatException;
import io.infergrid.app.core.Check;
import io.infergrid.app.core.DeviceView;
import io.infergrid.app.core.DownloadOrder;
import io.infergrid.app.core.JobRecord;
import io.infergrid.app.core.Notice;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.ObservableValue;
import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.Rig;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.Settings;
import io.infergrid.app.core.SwarmView;
import io.infergrid.app.core.Telemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** A rig that answers with the words of the question, one a token, so that the API above it can be tested by itself. */
final class ScriptedRig implements Rig {

    final ObservableValue<RigState> state = new ObservableValue<>(new RigState.Running("Serving."));
    final List<ChatOptions> asked = new ArrayList<>();
    final CountDownLatch began = new CountDownLatch(1);
    final CountDownLatch cancelled = new CountDownLatch(1);
    volatile boolean endless;

    @Override
    public ChatResult chat(
            List<ChatMessage> messages, ChatOptions options, ChatListener listener, BooleanSupplier cancel) {
        return complete(messages.getLast().text(), options, listener, cancel);
    }

    @Override
    public ChatResult complete(String prompt, ChatOptions options, ChatListener listener, BooleanSupplier cancel) {
        asked.add(options);
        began.countDown();
        if (state.get() instanceof RigState.Paused paused) {
            throw new ChatException(ChatException.Kind.UNAVAILABLE, paused.sentence());
        }
        if (prompt.equals("fail late")) {
            listener.token("some", List.of());
            throw new ChatException(ChatException.Kind.FAILED, "expected three stages, found two");
        }
        String[] words = prompt.split("(?<= )");
        var text = new StringBuilder();
        int tokens = 0;
        for (int i = 0; (endless || i < words.length) && tokens < options.maxTokens(); i++, tokens++) {
            if (cancel.getAsBoolean()) {
                cancelled.countDown();
                return result(text.toString(), tokens, "cancelled");
            }
            text.append(words[i % words.length]);
            listener.token(words[i % words.length], List.of(new Hop(0, "peerA", Duration.ofMillis(1))));
        }
        return result(text.toString(), tokens, tokens == options.maxTokens() ? "length" : "stop");
    }

    private static ChatResult result(String text, int tokens, String reason) {
        return new ChatResult("job", text, 3, tokens, Duration.ofMillis(10), reason);
    }

    @Override
    public void start() {
        state.set(new RigState.Running("Serving."));
    }

    @Override
    public void pause() {
        state.set(new RigState.Paused(List.of(new PauseReason.ByUser())));
    }

    @Override
    public void finishThenStop() {
        state.set(new RigState.Idle());
    }

    @Override
    public void download(String modelRoot, DownloadOrder order) {
        if (order != DownloadOrder.FETCH) {
            throw new IllegalStateException("expected a download of the model " + modelRoot + ", found none");
        }
    }

    @Override
    public Observable<RigState> state() {
        return state;
    }

    @Override
    public Observable<DeviceView> device() {
        return new ObservableValue<>(new DeviceView("test", "cpu", -1, true, ""));
    }

    @Override
    public Observable<SwarmView> swarm() {
        return new ObservableValue<>(new SwarmView("me", List.of(), List.of(), List.of(), "demo", 6, List.of()));
    }

    @Override
    public Observable<Telemetry> telemetry() {
        return new ObservableValue<>(Telemetry.UNKNOWN);
    }

    @Override
    public Observable<List<Ability>> abilities() {
        return new ObservableValue<>(List.of());
    }

    @Override
    public Observable<Double> tokensPerSecond() {
        return new ObservableValue<>(0.0);
    }

    @Override
    public Observable<List<Notice>> notices() {
        return new ObservableValue<>(List.of());
    }

    @Override
    public Observable<Settings> settings() {
        return new ObservableValue<>(Settings.defaults());
    }

    @Override
    public void change(UnaryOperator<Settings> change) {}

    @Override
    public List<Check> selfTest() {
        return List.of();
    }

    @Override
    public List<Folder> folders() {
        return List.of();
    }

    @Override
    public List<JobRecord> jobs(String search, int limit) {
        return List.of();
    }

    @Override
    public List<JobRecord.Window> windows(String jobId) {
        return List.of();
    }

    @Override
    public Observable<Long> jobsRevision() {
        return new ObservableValue<>(0L);
    }

    @Override
    public BenchmarkRecord benchmark(BenchmarkListener listener, BooleanSupplier cancelled) {
        throw new IllegalStateException("expected no benchmark in this test");
    }

    @Override
    public List<BenchmarkRecord> benchmarks(int limit) {
        return List.of();
    }

    @Override
    public void close() {}
}
