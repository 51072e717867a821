package io.infergrid.app.cli;

import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.plan.ModelFootprint;
import io.infergrid.compute.plan.StagePlanner;
import io.infergrid.compute.plan.StagePlanner.Budget;
import io.infergrid.compute.plan.StagePlanner.Fit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The answer of {@code infergrid plan}, as lines and as JSON. */
final class StagePlan {

    /**
     * How fast the rig's memory is read.
     *
     * @param bytesPerSecond 0 if unknown
     * @param source where the number comes from, or why there is none
     */
    record ReadingSpeed(double bytesPerSecond, String source) {}

    private static final String FORMULA =
            "seconds a token >= (bytes of the weights + bytes of the keys and values that are read) / reading speed";

    private final String name;
    private final ModelFootprint model;
    private final Budget budget;
    private final String memoryIs;
    private final ReadingSpeed speed;
    private final List<Fit> longest;
    private final List<Fit> cut;

    /** @param memoryIs whose memory it is, in words */
    StagePlan(String name, ModelFootprint model, Budget budget, String memoryIs, ReadingSpeed speed) {
        this.name = name;
        this.model = model;
        this.budget = budget;
        this.memoryIs = memoryIs;
        this.speed = speed;
        var planner = new StagePlanner(model, budget);
        longest = planner.longest();
        cut = planner.cut();
    }

    /** Whether every block of the model fits in some stage. */
    boolean possible() {
        return !cut.isEmpty();
    }

    private double seconds(Fit stage) {
        return stage.secondsPerToken(model, budget.positions(), speed.bytesPerSecond());
    }

    private double secondsThroughAll() {
        return cut.stream().mapToDouble(this::seconds).sum();
    }

    private double secondsOfSlowest() {
        return cut.stream().mapToDouble(this::seconds).max().orElse(0);
    }

    private boolean knowsSpeed() {
        return speed.bytesPerSecond() > 0;
    }

    private long cacheBytesPerPosition() {
        return model.cacheBytes(StageSpec.whole(model.blocks()), StageLimits.PAGE_POSITIONS)
                / StageLimits.PAGE_POSITIONS;
    }

    // ---- JSON

    Map<String, Object> map() {
        var map = new LinkedHashMap<String, Object>();
        map.put("model", name);
        map.put("blocks", model.blocks());
        map.put("contextLength", model.config().contextLength());
        map.put("weightBytes", model.weightBytes());
        map.put("cacheBytesPerPosition", cacheBytesPerPosition());
        map.put("memoryBytes", budget.memoryBytes());
        map.put("memoryIs", memoryIs);
        map.put("reserveBytes", budget.reserveBytes());
        map.put("sessions", budget.sessions());
        map.put("positions", budget.positions());
        map.put("longestStages", longest.stream().map(this::map).toList());
        map.put("cut", cut.stream().map(this::map).toList());
        map.put("bandwidthBytesPerSecond", knowsSpeed() ? speed.bytesPerSecond() : null);
        map.put("bandwidthFrom", speed.source());
        map.put("formula", FORMULA);
        if (knowsSpeed() && !cut.isEmpty()) {
            map.put("tokensPerSecondOneSession", 1 / secondsThroughAll());
            map.put("tokensPerSecondManySessions", 1 / secondsOfSlowest());
        }
        return map;
    }

    private Map<String, Object> map(Fit stage) {
        var map = new LinkedHashMap<String, Object>();
        map.put("firstBlock", stage.spec().firstBlock());
        map.put("lastBlock", stage.spec().endBlock() - 1);
        map.put("embedding", stage.spec().embedding());
        map.put("head", stage.spec().head());
        map.put("weightBytes", stage.weightBytes());
        map.put("cacheBytesPerSession", stage.cacheBytes());
        map.put("sessions", stage.sessions());
        if (knowsSpeed()) {
            map.put("millisPerToken", seconds(stage) * 1000);
        }
        return map;
    }

    // ---- words

    List<String> lines() {
        var lines = new ArrayList<String>();
        lines.add(text(
                "model    %s: %d blocks, %s of weights, %s of keys and values a position",
                name, model.blocks(), bytes(model.weightBytes()), bytes(cacheBytesPerPosition())));
        lines.add(text(
                "memory   %s (%s), %s of it kept free; room for %s of %d positions in each stage",
                bytes(budget.memoryBytes()),
                memoryIs,
                bytes(budget.reserveBytes()),
                budget.sessions() == 1 ? "1 session" : budget.sessions() + " sessions",
                budget.positions()));
        if (cut.isEmpty()) {
            lines.add("fits     not every block of this model: more memory, fewer sessions or shorter ones are needed");
            return lines;
        }
        fits(lines);
        if (cut.size() > 1) {
            lines.add(text(
                    "cut      %d rigs like this one hold the model; each would serve one of these stages:",
                    cut.size()));
        }
        table(lines);
        speed(lines);
        return lines;
    }

    private void fits(List<String> lines) {
        Fit first = longest.getFirst();
        if (first.spec().head()) {
            lines.add("fits     the whole model");
            return;
        }
        lines.add("fits     as the first stage, with the embedding: " + blocks(first));
        var middle = longest.stream()
                .filter(fit -> !fit.spec().embedding() && !fit.spec().head())
                .mapToInt(fit -> fit.spec().blocks())
                .summaryStatistics();
        if (middle.getCount() > 0) {
            lines.add(text(
                    "         in the middle: any %d blocks in a row, up to %d where they are smaller",
                    middle.getMin(), middle.getMax()));
        }
        longest.stream()
                .filter(fit -> fit.spec().head())
                .findFirst()
                .ifPresent(last -> lines.add("         as the last stage, with the output head: " + blocks(last)));
    }

    private void table(List<String> lines) {
        lines.add(text(
                "         %-5s  %-13s  %10s  %22s  %8s  %s",
                "stage", "blocks", "weights", "keys, values a session", "sessions", knowsSpeed() ? "ms a token" : ""));
        for (int i = 0; i < cut.size(); i++) {
            Fit stage = cut.get(i);
            lines.add(text(
                            "         %-5d  %-13s  %10s  %22s  %8d  %s",
                            i + 1,
                            blocks(stage),
                            bytes(stage.weightBytes()),
                            bytes(stage.cacheBytes()),
                            stage.sessions(),
                            knowsSpeed() ? text("%10.2f", seconds(stage) * 1000) : "")
                    .stripTrailing());
        }
    }

    private void speed(List<String> lines) {
        if (!knowsSpeed()) {
            lines.add("speed    unknown, because " + speed.source());
            return;
        }
        lines.add(text(
                "speed    at most %.1f tokens/s for one session through all stages, without the network's time,",
                1 / secondsThroughAll()));
        lines.add(text(
                "         and %.1f tokens/s for as many sessions as stages, one token at a time in each",
                1 / secondsOfSlowest()));
        lines.add("         " + FORMULA);
        lines.add(text(
                "         reading at %.1f GB/s (%s), sessions of %d positions",
                speed.bytesPerSecond() / 1e9, speed.source(), budget.positions()));
    }

    private static String blocks(Fit stage) {
        int first = stage.spec().firstBlock();
        int last = stage.spec().endBlock() - 1;
        return first == last ? "block " + first : "blocks " + first + "-" + last;
    }

    private static String bytes(long bytes) {
        return bytes >= 1e9
                ? text("%.2f GB", bytes / 1e9)
                : bytes >= 1e6 ? text("%.2f MB", bytes / 1e6) : text("%.1f kB", bytes / 1e3);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
