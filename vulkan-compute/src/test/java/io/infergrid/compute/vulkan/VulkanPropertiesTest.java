package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.conformance.SeededRandom;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.ReferenceBackend;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;

/** Drawn shapes, splits into stages, positions a call and ways to cut kernels: the bytes are always those of the reference. */
class VulkanPropertiesTest extends DeviceProperties {

    record Drawn(SeededModel.Shape shape, long seed, int positions, int atOnce, int split, Tuning tuning) {}

    @Property(tries = 20, shrinking = ShrinkingMode.OFF)
    void any_shape_split_and_batch_gives_the_bytes_of_the_reference(@ForAll("drawn") Drawn drawn) {
        byte[] ours = run(
                vulkan().backend().withTuning(drawn.tuning()),
                drawn.shape(),
                drawn.seed(),
                drawn.positions(),
                drawn.atOnce(),
                drawn.split());
        byte[] theirs = run(
                new ReferenceBackend(ModelConfig::of),
                drawn.shape(),
                drawn.seed(),
                drawn.positions(),
                drawn.positions(),
                0);
        assertThat(ours).isEqualTo(theirs);
    }

    @Provide
    Arbitrary<Drawn> drawn() {
        var positions = Arbitraries.integers().between(1, 70);
        return Combinators.combine(
                        shapes(),
                        Arbitraries.longs(),
                        positions,
                        Arbitraries.integers().between(1, 40),
                        Arbitraries.integers().between(0, 2),
                        Arbitraries.of(tunings()))
                .as(Drawn::new);
    }

    private static Arbitrary<SeededModel.Shape> shapes() {
        var heads = Arbitraries.of(List.of(List.of(1, 1), List.of(2, 1), List.of(4, 2), List.of(6, 3), List.of(5, 5)));
        return Combinators.combine(
                        families(),
                        Arbitraries.integers().between(1, 9),
                        heads,
                        Arbitraries.of(32, 64, 80, 96, 128),
                        Arbitraries.integers().between(1, 40),
                        Arbitraries.integers().between(2, 300),
                        Arbitraries.of(TensorType.values()),
                        Arbitraries.of(true, false))
                .as((family, width, head, headDimension, hidden, vocabulary, type, tied) -> {
                    if (type.blockElements() > 32) {
                        return wide(family, 1 + width / 4, 1 + hidden / 16, vocabulary, type, tied);
                    }
                    // plain types need no blocks of 32: an odd number of columns tries their padding
                    int odd = type.quantised() ? 0 : 5;
                    // all heads together are the columns of a matrix, and those of other types come in blocks of 32
                    int size = odd == 0 && head.get(0) * headDimension % 32 != 0 ? 96 : headDimension;
                    return new SeededModel.Shape(
                            family.architecture(),
                            32 * width + odd,
                            2,
                            head.get(0),
                            head.get(1),
                            size,
                            32 * hidden + 2 * odd,
                            vocabulary,
                            128,
                            type,
                            tied,
                            family.window(),
                            family.scaling());
                });
    }

    /** Rows of whole blocks of 256. */
    private static SeededModel.Shape wide(
            Family family, int width, int hidden, int vocabulary, TensorType type, boolean tied) {
        return new SeededModel.Shape(
                family.architecture(),
                256 * width,
                2,
                4,
                vocabulary % 2 == 0 ? 2 : 1,
                64,
                256 * hidden,
                vocabulary,
                128,
                type,
                tied,
                family.window(),
                family.scaling());
    }

    private record Family(String architecture, int window, String scaling) {}

    private static Arbitrary<Family> families() {
        return Combinators.combine(
                        Arbitraries.of("llama", "qwen2", "qwen3"),
                        Arbitraries.of(0, 0, 1, 5, 31, 32, 33, 50),
                        Arbitraries.of("none", "linear", "yarn", "half"))
                .as(Family::new);
    }

    /** Logits of every position as bytes, from one stage or from two that are split before block {@code split}. */
    private static byte[] run(
            Backend backend, SeededModel.Shape shape, long seed, int positions, int atOnce, int split) {
        var model = SeededModel.of(shape, seed);
        var random = new SeededRandom(seed);
        var bytes = new ByteArrayOutputStream();
        boolean whole = split == 0;
        try (var first = backend.load(model, whole ? StageSpec.whole(2) : new StageSpec(0, split, true, false));
                var second = backend.load(model, new StageSpec(split == 0 ? 2 : split, 2, false, true));
                var firstSession = first.open(positions);
                var secondSession = second.open(positions)) {
            for (int from = 0; from < positions; from += atOnce) {
                var tokens = new int[Math.min(atOnce, positions - from)];
                for (int i = 0; i < tokens.length; i++) {
                    tokens[i] = random.nextInt(shape.vocabulary());
                }
                var out = firstSession.forward(new StageInput.Tokens(tokens), LogitsWanted.ALL);
                if (!whole) {
                    out = secondSession.forward((Boundary) out, LogitsWanted.ALL);
                }
                append(bytes, (StageOutput.Logits) out);
            }
        }
        return bytes.toByteArray();
    }

    private static void append(ByteArrayOutputStream bytes, StageOutput.Logits logits) {
        for (float[] values : logits.values()) {
            var buffer = ByteBuffer.allocate(4 * values.length);
            buffer.asFloatBuffer().put(values);
            bytes.writeBytes(buffer.array());
        }
    }
}
