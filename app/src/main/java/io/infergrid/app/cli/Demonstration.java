package io.infergrid.app.cli;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.core.DeviceView;
import io.infergrid.app.core.JobRecord;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.Rig;
import io.infergrid.app.core.Rig.ChatMessage;
import io.infergrid.app.core.Rig.ChatOptions;
import io.infergrid.app.core.Rig.ChatResult;
import io.infergrid.app.core.SwarmView;
import io.infergrid.app.device.OneProcess;
import io.infergrid.app.paths.Home;
import io.infergrid.app.rig.RigService;
import io.infergrid.compute.generate.Generation;
import io.infergrid.compute.generate.GenerationRequest;
import io.infergrid.compute.generate.TokenListener;
import io.infergrid.compute.sampling.SamplingParameters;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the window shows, in the terminal and by itself: benchmark, conformance, a local grid of separate processes, some
 * answers, and the check that one process alone says the same. Ends with a summary; fails if any part did.
 */
final class Demonstration {

    private static final List<String> QUESTIONS =
            List.of("Tell me a story about a fox.", "What is a shard?", "Tell me a story about a whale and a ring.");

    private final Home home;
    private final Path model;
    private final RigDeviceOptions device;
    private final RigCommand command;
    private final PrintWriter out;
    private final Map<String, Object> summary = new LinkedHashMap<>();
    private final List<String> failures = new ArrayList<>();

    Demonstration(Home home, Path model, RigDeviceOptions device, RigCommand command) {
        this.device = device;
        this.home = home;
        this.model = model;
        this.command = command;
        this.out = command.common.json ? command.err() : command.out();
    }

    int run() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        Instant opening = Clock.systemUTC().instant();
        try (var interruption = Interruption.asked();
                RigService rig = RigService.open(home, model, Clock.systemUTC(), new SecureRandom());
                Observable.Pin notices = RigStart.sayNotices(rig, opening, command.err())) {
            device.choose(rig);
            benchmark(rig, interruption);
            grid(rig, interruption);
            answers(rig, interruption);
            jobs(rig);
            rig.finishThenStop();
        }
        summary.put("seconds", seconds(Duration.ofNanos(System.nanoTime() - begin)));
        summary.put("ok", failures.isEmpty());
        summary.put("failures", failures);
        print();
        return failures.isEmpty() ? 0 : 1;
    }

    private void benchmark(RigService rig, Interruption interruption) {
        title("Benchmark");
        BenchmarkRecord run = rig.benchmark(
                new Rig.BenchmarkListener() {
                    private String said = "";

                    @Override
                    public void progress(String step, double fraction) {
                        String now = step.replaceFirst(":.*", "");
                        if (!now.equals(said)) {
                            said = now;
                            out.printf(Locale.ROOT, "  %3.0f %%  %s%n", fraction * 100, now);
                            out.flush();
                        }
                    }

                    @Override
                    public void sample(String series, double seconds, double value) {
                        // the window draws these
                    }
                },
                interruption.requested());
        interruption.check();
        DeviceView device = rig.device().get();
        out.println("  device       " + device.name() + " (" + device.backend() + ")");
        if (!device.note().isEmpty()) {
            out.println("               " + device.note());
        }
        new TreeMap<>(run.figures())
                .forEach((figure, value) -> out.printf(Locale.ROOT, "  %-36s %12.2f%n", figure, value));
        out.println("  conformance  " + (run.conformant() ? "IG1, digest " + run.conformanceDigest() : "FAILED"));
        if (!run.conformant()) {
            failures.add("the device does not compute the IG1 bits");
        }
        summary.put("device", device.name());
        summary.put("backend", device.backend());
        summary.put("note", device.note());
        summary.put("conformant", run.conformant());
        summary.put("conformanceDigest", run.conformanceDigest());
        summary.put("benchmark", new TreeMap<>(run.figures()));
    }

    private void grid(RigService rig, Interruption interruption) throws InterruptedException {
        title("Local grid");
        long begin = System.nanoTime();
        RigStart.awaitRunning(rig, interruption, step -> {
            out.println("  " + step);
            out.flush();
        });
        Duration time = Duration.ofNanos(System.nanoTime() - begin);
        SwarmView swarm = rig.swarm().get();
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (swarm.pipeline().size() < 3 && System.nanoTime() < deadline) {
            interruption.check();
            Thread.sleep(100);
            swarm = rig.swarm().get();
        }
        out.printf(Locale.ROOT, "  up after %.1f s%n", seconds(time));
        for (SwarmView.Peer peer : swarm.peers()) {
            out.printf(
                    Locale.ROOT,
                    "  peer   %s  %-16s %s%n",
                    peer.peerId(),
                    peer.role(),
                    peer.held().isEmpty() ? "" : "blocks " + peer.held());
        }
        for (SwarmView.StageView stage : swarm.pipeline()) {
            out.printf(
                    Locale.ROOT,
                    "  stage %d  blocks %d-%d  %s%n",
                    stage.index() + 1,
                    stage.firstBlock(),
                    stage.endBlock() - 1,
                    stage.peerId());
        }
        if (swarm.pipeline().size() < 3) {
            failures.add("expected a pipeline of at least three stages, found "
                    + swarm.pipeline().size());
        }
        summary.put("gridSeconds", seconds(time));
        summary.put("peers", swarm.peers().size());
        summary.put("stages", swarm.pipeline().size());
        summary.put("model", swarm.model());
    }

    private void answers(RigService rig, Interruption interruption) {
        title("Answers of the grid");
        var rates = new ArrayList<Double>();
        int same = 0;
        try (OneProcess alone = OneProcess.load(model, rig.backend())) {
            for (int i = 0; i < QUESTIONS.size(); i++) {
                String question = QUESTIONS.get(i);
                var options = new ChatOptions(160, i == 0 ? 0 : 0.7f, 0.95f, 20 + i);
                var messages = List.of(new ChatMessage("user", question));
                out.println("  > " + question);
                out.print("    ");
                ChatResult result = rig.chat(
                        messages,
                        options,
                        (text, hops) -> {
                            out.print(text.replace("\n", "\n    "));
                            out.flush();
                        },
                        interruption.requested());
                interruption.check();
                double rate = result.completionTokens()
                        * 1e9
                        / Math.max(1, result.time().toNanos());
                rates.add(rate);
                boolean equal = textOf(alone, messages, options, interruption).equals(result.text());
                same += equal ? 1 : 0;
                out.printf(
                        Locale.ROOT,
                        "%n    [%d tokens, %.1f tokens/s, one process alone says %s]%n",
                        result.completionTokens(),
                        rate,
                        equal ? "the same, byte for byte" : "SOMETHING ELSE");
                if (!equal) {
                    failures.add("the answer to '" + question + "' differs from that of one process");
                }
                if (result.completionTokens() == 0) {
                    failures.add("the answer to '" + question + "' is empty");
                }
            }
        }
        summary.put("answers", QUESTIONS.size());
        summary.put("sameAsOneProcess", same);
        double average =
                rates.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        summary.put("tokensPerSecond", Math.round(average * 10) / 10.0);
    }

    private static String textOf(
            OneProcess alone, List<ChatMessage> messages, ChatOptions options, Interruption interruption) {
        int[] prompt = alone.text().chat(messages);
        Generation answer = alone.generate(
                new GenerationRequest(
                        Arrays.stream(prompt).boxed().toList(),
                        options.maxTokens(),
                        alone.text().stopTokens(),
                        alone.text().chatStopTexts()),
                SamplingParameters.of(options.temperature(), 0, options.topP(), options.seed()),
                TokenListener.NONE,
                interruption.requested());
        interruption.check();
        return answer.text();
    }

    private void jobs(RigService rig) {
        List<JobRecord> stored = rig.jobs("", QUESTIONS.size());
        long finished =
                stored.stream().filter(job -> job.state().equals("finished")).count();
        if (finished < QUESTIONS.size()) {
            failures.add("expected " + QUESTIONS.size() + " finished jobs in the database, found " + finished);
        }
        summary.put("jobsStored", finished);
        summary.put("database", rig.database().toString());
    }

    private void print() {
        if (command.common.json) {
            command.json(summary);
            return;
        }
        title("Summary");
        out.printf(Locale.ROOT, "  device       %s (%s)%n", summary.get("device"), summary.get("backend"));
        out.printf(
                Locale.ROOT, "  conformance  %s%n", Boolean.TRUE.equals(summary.get("conformant")) ? "IG1" : "FAILED");
        out.printf(
                Locale.ROOT,
                "  grid         %s peers, %s stages, up after %s s%n",
                summary.get("peers"),
                summary.get("stages"),
                summary.get("gridSeconds"));
        out.printf(
                Locale.ROOT,
                "  answers      %s of %s as from one process, %s tokens/s on average%n",
                summary.get("sameAsOneProcess"),
                summary.get("answers"),
                summary.get("tokensPerSecond"));
        out.printf(Locale.ROOT, "  jobs stored  %s in %s%n", summary.get("jobsStored"), summary.get("database"));
        out.printf(Locale.ROOT, "  time         %s s%n", summary.get("seconds"));
        failures.forEach(failure -> out.println("  FAILED       " + failure));
        out.println(failures.isEmpty() ? "All parts work." : "Not all parts work.");
    }

    private void title(String text) {
        out.println();
        out.println(text);
        out.flush();
    }

    private static double seconds(Duration time) {
        return Math.round(time.toMillis() / 100.0) / 10.0;
    }
}
