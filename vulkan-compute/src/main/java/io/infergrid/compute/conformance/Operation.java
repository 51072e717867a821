package io.infergrid.compute.conformance;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * One line of the table: a stage over seeded inputs. The stages are cut so that each brings in little that those before it
 * have not checked: an embedding alone, a head alone (norm and matrix), one block, whole models.
 *
 * @param name key of the expected digest
 * @param shape of the seeded model
 * @param spec the part of it that runs
 * @param positions in all
 * @param atOnce positions a call; the bytes must not depend on it
 * @param exponents magnitudes of boundary inputs range over 2^-exponents .. 2^exponents
 */
record Operation(String name, SeededModel.Shape shape, StageSpec spec, int positions, int atOnce, int exponents) {

    private static final long MODEL_SEED = 0x16a09e667f3bcc90L;
    private static final long INPUT_SEED = 0x1bb67ae8584caa73L;
    private static final int BLOCKS = 2;

    static List<Operation> table() {
        var table = new ArrayList<Operation>();
        for (TensorType type : TensorType.values()) {
            String suffix = suffix(type);
            var shape = SeededModel.Shape.tiny(type);
            table.add(new Operation("embedding" + suffix, shape, new StageSpec(0, 0, true, false), 24, 24, 0));
            table.add(new Operation("norm-matrix" + suffix, shape, head(), 6, 3, 4));
            table.add(new Operation("block" + suffix, shape, new StageSpec(0, 1, false, false), 5, 5, 2));
        }
        // 2752 columns: several blocks a lane of sum32, and slots that pad the last
        table.add(new Operation("norm-matrix.wide", llama(2752, 4, 4, 32, 64, TensorType.Q8_0), head(), 3, 1, 12));
        // eleven blocks of 256
        for (TensorType type : List.of(TensorType.Q2_K, TensorType.Q4_K, TensorType.Q6_K)) {
            var wide = new SeededModel.Shape("llama", 2816, 1, 4, 4, 64, 256, 64, 512, type, true);
            var spec = new StageSpec(1, 1, false, true);
            table.add(new Operation("norm-matrix.wide" + suffix(type), wide, spec, 3, 1, 12));
        }
        table.add(new Operation(
                "attention.chunks",
                llama(128, 4, 2, 32, 64, TensorType.Q8_0),
                new StageSpec(1, 2, false, false),
                130,
                65,
                3));
        var halves = new SeededModel.Shape("qwen2", 192, BLOCKS, 6, 1, 32, 320, 256, 512, TensorType.Q8_0, false);
        table.add(new Operation("rotary-halves.bias", halves, new StageSpec(0, 1, false, false), 40, 40, 2));
        // a window of 40 over 130 positions: whole chunks out of sight, and the rest of one
        table.add(new Operation("attention.window", windowed(), new StageSpec(1, 2, false, false), 130, 65, 3));
        var normed =
                new SeededModel.Shape("qwen3", 192, BLOCKS, 6, 2, 80, 320, 256, 512, TensorType.Q8_0, false, 0, "yarn");
        table.add(new Operation("head-norm.yarn", normed, new StageSpec(0, 1, false, false), 40, 40, 2));
        for (TensorType type : List.of(TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_K)) {
            String suffix = suffix(type);
            var shape = SeededModel.Shape.tiny(type);
            table.add(new Operation("model.prefill" + suffix, shape, StageSpec.whole(BLOCKS), 70, 35, 0));
            table.add(new Operation("model.decode" + suffix, shape, StageSpec.whole(BLOCKS), 12, 1, 0));
        }
        return table;
    }

    private static String suffix(TensorType type) {
        return "." + type.name().toLowerCase(Locale.ROOT);
    }

    private static StageSpec head() {
        return new StageSpec(BLOCKS, BLOCKS, false, true);
    }

    private static SeededModel.Shape windowed() {
        return new SeededModel.Shape("llama", 128, BLOCKS, 4, 2, 32, 96, 64, 512, TensorType.Q8_0, true, 40, "linear");
    }

    private static SeededModel.Shape llama(
            int dimension, int heads, int kvHeads, int headDimension, int vocabulary, TensorType type) {
        return new SeededModel.Shape(
                "llama", dimension, BLOCKS, heads, kvHeads, headDimension, 96, vocabulary, 512, type, true);
    }

    /** Runs the operation and gives its output bytes, little-endian, in order of positions. */
    void run(Backend backend, Consumer<byte[]> output) {
        var model = SeededModel.of(shape, MODEL_SEED);
        var random = new SeededRandom(INPUT_SEED);
        try (var stage = backend.load(model, spec);
                var session = stage.open(positions)) {
            for (int first = 0; first < positions; first += atOnce) {
                forward(session, Math.min(atOnce, positions - first), random, output);
            }
        }
    }

    private void forward(StageSession session, int count, SeededRandom random, Consumer<byte[]> output) {
        StageInput input = spec.embedding() ? tokens(count, random) : boundary(count, random);
        switch (session.forward(input, LogitsWanted.ALL)) {
            case Boundary boundary -> output.accept(boundary.wire());
            case StageOutput.Logits logits -> {
                for (float[] values : logits.values()) {
                    output.accept(bytes(values));
                }
            }
        }
    }

    private StageInput tokens(int count, SeededRandom random) {
        var ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = random.nextInt(shape.vocabulary());
        }
        return new StageInput.Tokens(ids);
    }

    /** Halves of both signs and of many magnitudes, with some zeros and subnormals among them. */
    private StageInput boundary(int count, SeededRandom random) {
        var wire = ByteBuffer.allocate(count * shape.dimension() * 2).order(ByteOrder.LITTLE_ENDIAN);
        while (wire.hasRemaining()) {
            int exponent = random.nextInt(2 * exponents + 1) - exponents;
            float scale = Float.intBitsToFloat((127 + exponent) << 23);
            boolean tiny = random.nextInt(16) == 0;
            wire.putShort(tiny ? (short) random.nextInt(64) : Ig1.toHalf(random.nextFloat() * scale));
        }
        return new Boundary(count, shape.dimension(), wire.array());
    }

    private static byte[] bytes(float[] values) {
        var bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }
}
