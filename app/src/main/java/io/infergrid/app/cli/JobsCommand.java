package io.infergrid.app.cli;

import io.infergrid.app.core.JobRecord;
import io.infergrid.app.store.Store;
import java.time.Clock;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code infergrid jobs}: the stored jobs, newest first, or one job with its windows. */
@Command(name = "jobs", description = "List stored jobs, newest first, or show one job with its windows.")
final class JobsCommand extends RigCommand {

    private static final DateTimeFormatter WHEN =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneId.systemDefault());

    @Parameters(arity = "0..1", paramLabel = "ID", description = "Show this job only, with its windows.")
    @Nullable
    String id;

    @Option(
            names = "--search",
            paramLabel = "TEXT",
            description = "Only jobs that have this in id, model, state or peers.")
    String search = "";

    @Option(names = "--limit", paramLabel = "N", description = "At most so many (default: ${DEFAULT-VALUE}).")
    int limit = 20;

    @Override
    public Integer call() {
        if (limit < 1) {
            throw new Failure("expected a limit of 1 or more, found " + limit);
        }
        try (Store store =
                Store.openToRead(home().database(), Clock.systemUTC()).orElse(null)) {
            if (id != null) {
                return one(store, id);
            }
            List<JobRecord> jobs = store == null ? List.of() : store.jobs(search, limit);
            if (common.json) {
                json(jobs.stream().map(JobsCommand::map).toList());
            } else if (jobs.isEmpty()) {
                out().println("No jobs stored" + (search.isEmpty() ? " yet." : " that match '" + search + "'."));
            } else {
                table(jobs);
            }
            return 0;
        }
    }

    private int one(@Nullable Store store, String id) {
        JobRecord job = store == null
                ? null
                : store.jobs(id, 1000).stream()
                        .filter(j -> j.id().equals(id))
                        .findFirst()
                        .orElse(null);
        if (store == null || job == null) {
            throw new Failure("expected the id of a stored job, found '" + id + "'");
        }
        List<JobRecord.Window> windows = store.windows(id);
        if (common.json) {
            Map<String, Object> map = map(job);
            map.put("windows", windows);
            json(map);
        } else {
            map(job).forEach((name, value) -> out().printf(Locale.ROOT, "%-18s %s%n", name, value));
            for (JobRecord.Window w : windows) {
                out().printf(
                                Locale.ROOT,
                                "window %3d  positions %5d..%-5d  %6d ms  %s%n",
                                w.index(),
                                w.firstPosition(),
                                w.firstPosition() + w.positions() - 1,
                                w.durationMillis(),
                                w.tokensSha256());
            }
        }
        return 0;
    }

    private void table(List<JobRecord> jobs) {
        out().printf(
                        Locale.ROOT,
                        "%-19s  %-10s %7s %7s %7s %7s  %-6s  %s%n",
                        "started",
                        "state",
                        "prompt",
                        "answer",
                        "ms",
                        "tok/s",
                        "stages",
                        "id");
        for (JobRecord job : jobs) {
            out().printf(
                            Locale.ROOT,
                            "%-19s  %-10s %7d %7d %7d %7.1f  %-6d  %s%s%n",
                            WHEN.format(job.startedAt()),
                            job.state(),
                            job.promptTokens(),
                            job.completionTokens(),
                            job.durationMillis(),
                            job.tokensPerSecond(),
                            job.stages().size(),
                            job.id(),
                            job.error().isEmpty() ? "" : "  " + job.error());
        }
    }

    static Map<String, Object> map(JobRecord job) {
        var map = new LinkedHashMap<String, Object>();
        map.put("id", job.id());
        map.put("startedAt", job.startedAt().toString());
        map.put("durationMillis", job.durationMillis());
        map.put("model", job.model());
        map.put("state", job.state());
        map.put("promptTokens", job.promptTokens());
        map.put("completionTokens", job.completionTokens());
        map.put("tokensPerSecond", Math.round(job.tokensPerSecond() * 100) / 100.0);
        map.put("stages", job.stages());
        map.put("transcriptSha256", job.transcriptSha256());
        map.put("error", job.error());
        return map;
    }
}
