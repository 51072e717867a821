package io.infergrid.app.core;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/**
 * This rig: the one face that window, command line and local API share. Thread-safe; no call blocks for longer than a
 * moment unless it says so.
 */
public interface Rig extends AutoCloseable {

    // ---- the three verbs

    void start();

    void pause();

    /** Finishes the sessions in hand, takes no new ones, then stops. */
    void finishThenStop();

    // ---- what to show

    Observable<RigState> state();

    Observable<DeviceView> device();

    Observable<SwarmView> swarm();

    /** Tokens per second over the last seconds, 0 when nothing is served. */
    Observable<Double> tokensPerSecond();

    /** What the graphics card says of itself. */
    Observable<Telemetry> telemetry();

    /** What can be found out about this computer and its user, and what cannot; empty until it was looked at. */
    Observable<List<Ability>> abilities();

    /** What happened lately, newest first, at most 100. */
    Observable<List<Notice>> notices();

    // ---- models on their way

    /**
     * Begins, holds, continues or ends fetching a whole model; blocks for some seconds when it begins, so call it from a background thread.
     *
     * @param modelRoot 64 hexadecimal digits
     * @throws IllegalStateException if it cannot be done now, in words for the user
     */
    void download(String modelRoot, DownloadOrder order);

    // ---- settings

    Observable<Settings> settings();

    /** Applies a change and stores it before it returns; a changed backend or number of workers counts from the next start. */
    void change(UnaryOperator<Settings> change);

    /** Looks at everything the rig needs; blocks for some seconds, so call it from a background thread. */
    List<Check> selfTest();

    /** Where this rig keeps its things, for the user to see and to back up. */
    List<Folder> folders();

    // ---- jobs

    /**
     * Stored jobs, newest first.
     *
     * @param search matched against id, model, state and peer ids; empty for all
     */
    List<JobRecord> jobs(String search, int limit);

    List<JobRecord.Window> windows(String jobId);

    /** Counts up with every stored change of a job, so that a view knows when to ask again. */
    Observable<Long> jobsRevision();

    // ---- benchmark

    /** Runs a benchmark; blocks, so call it from a background thread. Stored before it returns. */
    BenchmarkRecord benchmark(BenchmarkListener listener, BooleanSupplier cancelled);

    List<BenchmarkRecord> benchmarks(int limit);

    // ---- playground

    /** Asks the grid; blocks until the answer ends, so call it from a background thread. */
    ChatResult chat(List<ChatMessage> messages, ChatOptions options, ChatListener listener, BooleanSupplier cancelled);

    /** Continues {@code prompt} as it stands, without the model's chat form; else like {@link #chat}. */
    ChatResult complete(String prompt, ChatOptions options, ChatListener listener, BooleanSupplier cancelled);

    @Override
    void close();

    /**
     * @param senses {@code full-screen}, {@code programs}, {@code idle}, {@code power}, {@code others-on-card} or {@code card}
     * @param available whether it works here
     * @param how by what means, or why it does not work
     */
    record Ability(String senses, boolean available, String how) {}

    /** @param purpose one of {@code config}, {@code data}, {@code cache}, {@code state}, {@code logs} */
    record Folder(String purpose, Path path) {}

    /** Progress of a benchmark: calls come in order from the thread that runs it. */
    interface BenchmarkListener {
        /** @param fraction of the whole run, 0 to 1 */
        void progress(String step, double fraction);

        /** One measured point of a live plot. */
        void sample(String series, double seconds, double value);
    }

    /** @param role {@code system}, {@code user} or {@code assistant} */
    record ChatMessage(String role, String text) {}

    /**
     * @param temperature 0 for greedy
     * @param stop the answer ends before the first of these strings
     */
    record ChatOptions(int maxTokens, float temperature, float topP, long seed, List<String> stop) {

        public ChatOptions {
            stop = List.copyOf(stop);
        }

        public ChatOptions(int maxTokens, float temperature, float topP, long seed) {
            this(maxTokens, temperature, topP, seed, List.of());
        }
    }

    interface ChatListener {
        /** Text of one more token; may be empty while a character is incomplete. */
        void token(String text, List<Hop> hops);
    }

    /** Time that one token took on one stage. */
    record Hop(int stage, String peerId, Duration time) {}

    /** @param finishReason {@code stop}, {@code length} or {@code cancelled} */
    record ChatResult(
            String jobId, String text, int promptTokens, int completionTokens, Duration time, String finishReason) {}
}
