package io.infergrid.app.device;

import io.infergrid.app.core.Rig.BenchmarkListener;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * How fast a whole model reads and speaks on one device: prompt positions per second in chunks, then tokens per second one by
 * one behind that prompt. Seeded token ids, since speed does not depend on them.
 */
public final class ModelSpeed {

    private static final int PROMPT = 128;
    private static final int CHUNK = 64;
    private static final double DECODE_SECONDS = 2;
    private static final int MOST_DECODED = 512;
    private static final double SAMPLE_SECONDS = 0.1;

    private ModelSpeed() {}

    /**
     * Measures; takes some seconds.
     *
     * @param prefix of the figures' names, e.g. {@code demo}
     * @return {@code <prefix>.prefill.tokensPerSecond} and {@code <prefix>.decode.tokensPerSecond}; less if cancelled
     */
    public static Map<String, Double> measure(
            Path model, String prefix, Backend backend, BenchmarkListener listener, BooleanSupplier cancelled) {
        var figures = new LinkedHashMap<String, Double>();
        try (GgufFile file = GgufFile.open(model)) {
            ModelConfig config = ModelConfig.of(file.metadata());
            int prompt = Math.min(PROMPT, config.contextLength() / 2);
            int most = Math.min(MOST_DECODED, config.contextLength() - prompt);
            try (Stage stage = backend.load(file, StageSpec.whole(config.blocks()))) {
                warmUp(stage, config, prompt);
                try (StageSession session = stage.open(prompt + most)) {
                    listener.progress("Reading a prompt of " + prompt + " tokens", 0.2);
                    figures.put(prefix + ".prefill.tokensPerSecond", prefill(session, config, prompt));
                    if (cancelled.getAsBoolean()) {
                        return figures;
                    }
                    listener.progress("Speaking token by token", 0.5);
                    figures.put(prefix + ".decode.tokensPerSecond", decode(session, config, most, listener, cancelled));
                }
            }
        }
        return figures;
    }

    /** Compilers and pipelines have warmed up after this. */
    private static void warmUp(Stage stage, ModelConfig config, int prompt) {
        try (StageSession session = stage.open(prompt + 16)) {
            prefill(session, config, prompt);
            for (int i = 0; i < 16; i++) {
                session.forward(new StageInput.Tokens(token(i, config)), LogitsWanted.LAST);
            }
        }
    }

    private static double prefill(StageSession session, ModelConfig config, int prompt) {
        long start = System.nanoTime();
        for (int from = 0; from < prompt; from += CHUNK) {
            int[] ids = new int[Math.min(CHUNK, prompt - from)];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = token(from + i, config);
            }
            session.forward(new StageInput.Tokens(ids), LogitsWanted.LAST);
        }
        return prompt * 1e9 / (System.nanoTime() - start);
    }

    private static double decode(
            StageSession session, ModelConfig config, int most, BenchmarkListener listener, BooleanSupplier cancelled) {
        long start = System.nanoTime();
        long sampled = start;
        int tokens = 0;
        int tokensSampled = 0;
        while (tokens < most && !cancelled.getAsBoolean()) {
            session.forward(new StageInput.Tokens(token(tokens, config)), LogitsWanted.LAST);
            tokens++;
            long now = System.nanoTime();
            if (now - sampled >= SAMPLE_SECONDS * 1e9) {
                listener.sample(
                        "decode tokens/s", (now - start) / 1e9, (tokens - tokensSampled) * 1e9 / (now - sampled));
                listener.progress(
                        "Speaking token by token", 0.5 + 0.5 * Math.min(1, (now - start) / (DECODE_SECONDS * 1e9)));
                sampled = now;
                tokensSampled = tokens;
            }
            if (now - start >= DECODE_SECONDS * 1e9) {
                break;
            }
        }
        return tokens == 0 ? 0 : tokens * 1e9 / (System.nanoTime() - start);
    }

    private static int token(int i, ModelConfig config) {
        return Math.floorMod(i * 7919 + 13, config.vocabulary());
    }
}
