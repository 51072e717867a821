package io.infergrid.compute.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.generate.GenerationRequest;
import io.infergrid.compute.generate.SessionTokens;
import io.infergrid.compute.generate.TextGenerator;
import io.infergrid.compute.generate.TokenListener;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.GgufWriter;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.quantize.Encoded;
import io.infergrid.compute.quantize.Quantizer;
import io.infergrid.compute.sampling.SamplingParameters;
import io.infergrid.compute.tokenizer.ChatMessage;
import io.infergrid.compute.tokenizer.ChatTemplate;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The demo model's trained weights, quantised by us and by ggml and expanded again: how far its answers move. Its rows are of 128 and 384, so types with
 * blocks of 256 take what is next to each other in memory. Errors are left in {@code target/accuracy-trained.txt}.
 */
class TrainedWeightsCounterpartTest {

    private static final Path DEMO = Path.of("../assets/demo-model/infergrid-demo-q8_0.gguf");

    private static final List<String> REQUESTS = List.of(
            "Tell me a story about a fox and a lantern",
            "Write a short story about a baker and a clock",
            "Tell me a story about a bear and a kite",
            "What is a shard?");

    /** Q8_0 is what the model is already. */
    private static final Set<TensorType> TYPES =
            EnumSet.complementOf(EnumSet.of(TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q8_0));

    @TempDir
    private static Path folder;

    private static Ggml ggml;
    /** The requests with the model's own answers. */
    private static final List<int[]> TEXTS = new ArrayList<>();

    private static Path source;
    private static float[][] exact;

    /** Rows of a type from floats. */
    private interface Packing {
        byte[] rows(TensorType type, float[] weights, int columns) throws Throwable;
    }

    /**
     * The model after a packing, expanded to F32.
     *
     * @param error relative root mean square of the weights' change
     */
    private record Packed(Path file, double error) {}

    @BeforeAll
    static void the_demo_model_is_there() throws IOException {
        ggml = Ggml.assumePresent();
        source = folder.resolve("source.gguf");
        Quantizer.quantize(DEMO, source, TensorType.F32);
        try (var file = GgufFile.open(source);
                var cpu = new CpuBackend();
                var stage = cpu.load(
                        file, StageSpec.whole(ModelConfig.of(file.metadata()).blocks()))) {
            var tokenizer = Tokenizer.of(file.metadata());
            for (String request : REQUESTS) {
                int[] prompt = ChatTemplate.of(file.metadata())
                        .encode(tokenizer, List.of(new ChatMessage(ChatMessage.Role.USER, request)));
                try (var session = stage.open(stage.config().contextLength())) {
                    String answer = new TextGenerator(tokenizer)
                            .generate(
                                    GenerationRequest.ofTokens(tokenizer, prompt, 200),
                                    new SessionTokens(session, SamplingParameters.GREEDY),
                                    TokenListener.NONE,
                                    () -> false)
                            .text();
                    TEXTS.add(
                            IntStream.concat(IntStream.of(prompt), IntStream.of(tokenizer.encode(answer, false, false)))
                                    .toArray());
                }
            }
        }
        exact = logits(source);
    }

    /** Of all texts, one after the other. */
    private static float[][] logits(Path model) {
        try (var file = GgufFile.open(model);
                var cpu = new CpuBackend();
                var stage = cpu.load(
                        file, StageSpec.whole(ModelConfig.of(file.metadata()).blocks()))) {
            return TEXTS.stream().flatMap(text -> logits(stage, text)).toArray(float[][]::new);
        }
    }

    private static Stream<float[]> logits(Stage stage, int... text) {
        try (var session = stage.open(text.length)) {
            var output = session.forward(new StageInput.Tokens(text), LogitsWanted.ALL);
            return Arrays.stream(((StageOutput.Logits) output).values());
        }
    }

    @Test
    void trained_weights_lose_less_than_by_ggmls_quantiser() throws Throwable {
        List<String> errors = new ArrayList<>();
        double logarithms = 0;
        for (TensorType type : TYPES) {
            Packed ours = packed(type, "ours", Encoded::rows);
            Packed theirs = packed(type, "theirs", ggml::quantise);
            double ourLoss = divergence(logits(ours.file));
            double theirLoss = divergence(logits(theirs.file));
            logarithms += Math.log(ourLoss / theirLoss);
            errors.add(String.format(
                    Locale.ROOT,
                    "| %s | %.4f | %.4f | %.3f | %.5f | %.5f | %.2f |",
                    type,
                    ours.error,
                    theirs.error,
                    ours.error / theirs.error,
                    ourLoss,
                    theirLoss,
                    ourLoss / theirLoss));
            assertThat(ours.error).as(type.name()).isLessThan(theirs.error);
        }
        double mean = Math.exp(logarithms / TYPES.size());
        errors.add(String.format(Locale.ROOT, "geometric mean of the ratios of divergence: %.2f", mean));
        if (Files.isDirectory(Path.of("target"))) {
            Files.write(Path.of("target/accuracy-trained.txt"), errors);
        }
        // a single type's divergence over four texts moves by a fifth when scales move by a thousandth
        assertThat(mean).isLessThan(0.95);
    }

    private static Packed packed(TensorType type, String name, Packing packing) throws Throwable {
        Path target = folder.resolve(name + "-" + type + ".gguf");
        double difference = 0;
        double size = 0;
        try (var model = GgufFile.open(source)) {
            var declarations = model.header().tensors().stream()
                    .map(info -> new GgufWriter.Declaration(info.name(), info.type(), info.dimensions()))
                    .toList();
            try (var writer = GgufWriter.create(target, model.metadata(), declarations)) {
                for (var declared : declarations) {
                    GgufTensor tensor = model.tensor(declared.name());
                    if (tensor.rows() == 1) {
                        writer.append(tensor.data());
                        continue;
                    }
                    float[] before = weights(tensor);
                    float[] after = throughType(type, before, (int) tensor.columns(), packing);
                    for (int i = 0; i < before.length; i++) {
                        difference += ((double) before[i] - after[i]) * ((double) before[i] - after[i]);
                        size += (double) before[i] * before[i];
                    }
                    var bytes = ByteBuffer.allocate(4 * after.length).order(ByteOrder.LITTLE_ENDIAN);
                    bytes.asFloatBuffer().put(after);
                    writer.append(bytes);
                }
                writer.commit();
            }
        }
        return new Packed(target, Math.sqrt(difference / size));
    }

    private static float[] throughType(TensorType type, float[] weights, int width, Packing packing) throws Throwable {
        int columns = width % type.blockElements() == 0 ? width : type.blockElements();
        byte[] rows = packing.rows(type, weights, columns);
        return weights(new GgufTensor("rows", type, columns, weights.length / columns, MemorySegment.ofArray(rows)));
    }

    private static float[] weights(GgufTensor tensor) {
        int columns = (int) tensor.columns();
        var all = new float[(int) tensor.rows() * columns];
        for (int row = 0; row < tensor.rows(); row++) {
            tensor.readRow(row, all, row * columns);
        }
        return all;
    }

    /** Mean Kullback-Leibler divergence of the next token's distribution from the exact one, in nats. */
    private static double divergence(float[][] logits) {
        double sum = 0;
        for (int position = 0; position < exact.length; position++) {
            double[] p = logarithms(exact[position]);
            double[] q = logarithms(logits[position]);
            for (int token = 0; token < p.length; token++) {
                sum += Math.exp(p[token]) * (p[token] - q[token]);
            }
        }
        return sum / exact.length;
    }

    private static double[] logarithms(float[] logits) {
        double sum = 0;
        float greatest = logits[Logits.greatest(logits)];
        for (float logit : logits) {
            sum += Math.exp(logit - greatest);
        }
        var logarithms = new double[logits.length];
        for (int i = 0; i < logarithms.length; i++) {
            logarithms[i] = logits[i] - greatest - Math.log(sum);
        }
        return logarithms;
    }
}
