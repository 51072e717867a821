package io.infergrid.app.cli;

import io.infergrid.app.device.OpenDevice;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code infergrid logits}: what a model says at each position of some tokens. */
@Command(name = "logits", description = "Compute the logits at each position of a file of token ids.")
final class LogitsCommand extends RigCommand {

    private static final int AT_ONCE = 64;

    @Mixin
    ModelOptions model = new ModelOptions();

    @Mixin
    BackendOptions device = new BackendOptions();

    @Parameters(paramLabel = "TOKENS", description = "A file of token ids, separated by white space or commas.")
    @SuppressWarnings("NullAway.Init")
    Path tokens;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Write all logits as little-endian float32, [positions][vocabulary].")
    @Nullable
    Path out;

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "Print so many of the likeliest tokens (default: ${DEFAULT-VALUE}).")
    int top = 5;

    @Override
    public Integer call() throws IOException {
        device.check();
        int[] ids = TokenFile.read(tokens);
        // the file and the ids before the device, whose check takes a while
        try (GgufFile file = GgufFile.open(model.file())) {
            ModelConfig config = ModelConfig.of(file.metadata());
            check(ids, config);
            compute(ids, file, config);
            return 0;
        }
    }

    private void compute(int[] ids, GgufFile file, ModelConfig config) throws IOException {
        try (var interruption = Interruption.asked();
                OpenDevice opened = device.open(interruption.requested())) {
            var printed = new ArrayList<Object>();
            try (Stage stage = opened.backend().load(file, StageSpec.whole(config.blocks()));
                    StageSession session = stage.open(ids.length);
                    OutputStream stream = out == null
                            ? OutputStream.nullOutputStream()
                            : new BufferedOutputStream(Files.newOutputStream(out))) {
                for (int from = 0; from < ids.length; from += AT_ONCE) {
                    interruption.check();
                    var input =
                            new StageInput.Tokens(Arrays.copyOfRange(ids, from, Math.min(ids.length, from + AT_ONCE)));
                    if (session.forward(input, StageSession.LogitsWanted.ALL)
                            instanceof StageOutput.Logits(float[][] values)) {
                        for (int i = 0; i < values.length; i++) {
                            write(values[i], stream);
                            printed.add(best(from + i, ids[from + i], values[i]));
                        }
                    }
                    err().printf(Locale.ROOT, "\r%d of %d positions", session.position(), ids.length);
                    err().flush();
                }
                err().println();
            }
            if (common.json) {
                json(printed);
            } else {
                printed.forEach(out()::println);
            }
        }
    }

    private static void check(int[] ids, ModelConfig config) {
        if (ids.length > config.contextLength()) {
            throw new Failure(
                    "expected at most " + config.contextLength() + " tokens, the model's context, found " + ids.length);
        }
        TokenFile.checked(ids, config.vocabulary());
    }

    private static void write(float[] row, OutputStream stream) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(row.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(row);
        stream.write(bytes.array());
    }

    /** The likeliest tokens after a position: a line, or what is a line's JSON. */
    private Object best(int position, int token, float[] row) {
        List<Integer> best = IntStream.range(0, row.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer id) -> -row[id]).thenComparingInt(id -> id))
                .limit(Math.max(0, top))
                .toList();
        if (common.json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("position", position);
            map.put("token", token);
            map.put(
                    "top",
                    best.stream().map(id -> Map.of("id", id, "logit", row[id])).toList());
            return map;
        }
        var line = new StringBuilder(String.format(Locale.ROOT, "%5d  %6d ->", position, token));
        best.forEach(id -> line.append(String.format(Locale.ROOT, "  %d (%.4f)", id, row[id])));
        return line.toString();
    }
}
