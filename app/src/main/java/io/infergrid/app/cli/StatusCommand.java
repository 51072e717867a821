package io.infergrid.app.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.core.Notice;
import io.infergrid.app.gateway.RunningInstance;
import io.infergrid.app.paths.InstanceLock;
import io.infergrid.app.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** {@code infergrid status}: what a running InferGrid does now, and what is stored. */
@Command(name = "status", description = "Say what the rig is doing and what it has stored.")
final class StatusCommand extends RigCommand {

    @Override
    public Integer call() throws IOException, InterruptedException {
        RunningInstance instance = RunningInstance.find(home()).orElse(null);
        JsonNode live = instance == null ? null : ask(instance);
        boolean running = live != null || running();
        try (Store store =
                Store.openToRead(home().database(), Clock.systemUTC()).orElse(null)) {
            Map<String, Long> jobs = store == null ? Map.of() : store.jobCounts();
            List<BenchmarkRecord> benchmarks = store == null ? List.of() : store.benchmarks(1);
            List<Notice> notices = store == null ? List.of() : store.notices(5);
            if (common.json) {
                var map = new LinkedHashMap<String, Object>();
                map.put("running", running);
                map.put("live", live == null ? Map.of() : live);
                map.put("jobs", jobs);
                map.put(
                        "lastBenchmark",
                        benchmarks.stream().findFirst().map(StatusCommand::map).orElse(Map.of()));
                map.put("notices", notices.stream().map(Notice::text).toList());
                json(map);
                return 0;
            }
            out().println(running ? "InferGrid is running." : "InferGrid is not running.");
            if (live != null) {
                live(live);
            }
            line(
                    "jobs",
                    jobs.isEmpty()
                            ? "none stored yet"
                            : jobs.toString().replaceAll("[{}]", "").replace('=', ' '));
            line("benchmark", benchmarks.isEmpty() ? "none yet" : words(benchmarks.getFirst()));
            for (Notice notice : notices) {
                line("event", notice.at() + " " + notice.text());
            }
            return 0;
        }
    }

    private static @Nullable JsonNode ask(RunningInstance instance) throws InterruptedException {
        try {
            return instance.status();
        } catch (IOException e) {
            return null; // it is just starting or leaving; what is stored is said all the same
        }
    }

    private void live(JsonNode live) {
        line("state", live.path("sentence").asText());
        line(
                "device",
                live.at("/device/name").asText() + " ("
                        + live.at("/device/backend").asText() + ")");
        line("peers", live.path("peers").asText());
        if (!live.at("/reach/advice").asText().isEmpty()) {
            line("reach", live.at("/reach/advice").asText());
        }
        line(
                "serving",
                String.format(
                        Locale.ROOT,
                        "%.1f tokens/s now",
                        live.path("tokensPerSecond").asDouble()));
        for (JsonNode stage : live.path("pipeline")) {
            line(
                    "stage " + (stage.path("stage").asInt() + 1),
                    "blocks " + stage.path("blocks").asText() + " on "
                            + stage.path("peerId").asText());
        }
    }

    private boolean running() throws IOException {
        if (!Files.isDirectory(home().state())) {
            return false;
        }
        Optional<InstanceLock> lock = InstanceLock.take(home());
        lock.ifPresent(InstanceLock::close);
        return lock.isEmpty();
    }

    private void line(String name, String value) {
        out().printf(Locale.ROOT, "%-11s %s%n", name, value);
    }

    private static String words(BenchmarkRecord run) {
        return run.startedAt() + " on " + run.device() + " (" + run.backend() + "), "
                + (run.conformant() ? "conformant" : "NOT conformant");
    }

    private static Map<String, Object> map(BenchmarkRecord run) {
        var map = new LinkedHashMap<String, Object>();
        map.put("startedAt", run.startedAt().toString());
        map.put("device", run.device());
        map.put("backend", run.backend());
        map.put("conformant", run.conformant());
        map.put("figures", run.figures());
        return map;
    }
}
