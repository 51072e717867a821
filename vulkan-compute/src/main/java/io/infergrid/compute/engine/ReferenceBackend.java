package io.infergrid.compute.engine;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.arithmetic.Layers;
import io.infergrid.compute.arithmetic.QuantisedVector;
import io.infergrid.compute.arithmetic.RotaryTable;
import io.infergrid.compute.arithmetic.WeightRows;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The forward pass of Llama and Qwen as it would stand in a paper: one position at a time, straight from the file's
 * weights, by the naive text of IG1. Far too slow for use; the other backends must give its bytes.
 */
public final class ReferenceBackend implements Backend {

    private final Function<GgufMetadata, ModelConfig> configuration;
    private final Set<TensorType> expanded;

    public ReferenceBackend() {
        this(ModelConfig::of);
    }

    /** @param configuration the shape of a model, from its metadata */
    public ReferenceBackend(Function<GgufMetadata, ModelConfig> configuration) {
        this(configuration, Set.of());
    }

    /** @param expanded types of matrices that are computed with as F32, for what the weights alone say */
    public ReferenceBackend(Set<TensorType> expanded) {
        this(ModelConfig::of, expanded);
    }

    private ReferenceBackend(Function<GgufMetadata, ModelConfig> configuration, Set<TensorType> expanded) {
        this.configuration = configuration;
        this.expanded = Set.copyOf(expanded);
    }

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public String device() {
        return "naive Java";
    }

    @Override
    public Stage load(TensorSource model, StageSpec spec) {
        ModelConfig config = configuration.apply(model.metadata());
        var tensors = StageTensors.of(model, config, spec, expanded);
        matrices(tensors).forEach(StageTensors::requireFinite);
        return new ReferenceStage(config, spec, tensors);
    }

    @Override
    public void close() {}

    private static List<GgufTensor> matrices(StageTensors tensors) {
        var all = new ArrayList<@Nullable GgufTensor>();
        all.add(tensors.embedding());
        for (var b : tensors.blocks()) {
            all.addAll(List.of(b.query(), b.key(), b.value(), b.attentionOutput(), b.gate(), b.up(), b.down()));
        }
        all.add(tensors.output());
        return all.stream().filter(Objects::nonNull).distinct().toList();
    }

    private record ReferenceStage(ModelConfig config, StageSpec spec, StageTensors tensors) implements Stage {

        @Override
        public long weightBytes() {
            return matrices(tensors).stream()
                    .mapToLong(t -> t.data().byteSize())
                    .sum();
        }

        @Override
        public StageSession open(int maxPositions) {
            return new ReferenceSession(config, spec, tensors, maxPositions);
        }

        @Override
        public void close() {}
    }

    private static final class ReferenceSession implements StageSession {

        private static final QuantisedVector NONE = new QuantisedVector(new byte[0], new float[0]);

        private final ModelConfig config;
        private final StageSpec spec;
        private final StageTensors tensors;
        private final int maxPositions;
        private final RotaryTable rotary;
        private final int kvDimension;
        // [block][position][kvHeads * headDimension], halves
        private final short[][] keys;
        private final short[][] values;
        private int position;

        ReferenceSession(ModelConfig config, StageSpec spec, StageTensors tensors, int maxPositions) {
            this.config = config;
            this.spec = spec;
            this.tensors = tensors;
            this.maxPositions = maxPositions;
            rotary = Rotary.table(config, tensors.rotaryFactors(), maxPositions);
            kvDimension = config.kvHeads() * config.headDimension();
            keys = new short[spec.blocks()][maxPositions * kvDimension];
            values = new short[spec.blocks()][maxPositions * kvDimension];
        }

        @Override
        public int position() {
            return position;
        }

        @Override
        public void rewind(int to) {
            Objects.checkIndex(to, position + 1);
            position = to;
        }

        @Override
        public StageOutput forward(StageInput input, LogitsWanted wanted) {
            int count = input.positions();
            StageChecks.input(input, config, spec, position, maxPositions);
            var wire = new byte[count * config.dimension() * 2];
            var logits = new ArrayList<float[]>();
            for (int i = 0; i < count; i++) {
                float[] x = input instanceof StageInput.Tokens tokens
                        ? embed(tokens.ids()[i])
                        : Wire.read((Boundary) input, i);
                for (int b = 0; b < tensors.blocks().size(); b++) {
                    x = block(x, b);
                }
                position++;
                if (!spec.head()) {
                    Wire.write(x, wire, i);
                } else if (wanted == LogitsWanted.ALL || i == count - 1) {
                    logits.add(head(x));
                }
            }
            return spec.head()
                    ? new StageOutput.Logits(logits.toArray(float[][]::new))
                    : new Boundary(count, config.dimension(), wire);
        }

        private float[] embed(int token) {
            var embedding = Objects.requireNonNull(tensors.embedding());
            var x = new float[config.dimension()];
            for (int i = 0; i < x.length; i++) {
                x[i] = boundary(StageTensors.element(embedding, token, i));
            }
            return x;
        }

        private float[] block(float[] x, int index) {
            var block = tensors.blocks().get(index);

            float[] normed = Layers.rmsNorm(x, 0, block.attentionNorm(), config.normEpsilon());
            float[] query = plus(times(block.query(), normed), block.queryBias());
            float[] key = plus(times(block.key(), normed), block.keyBias());
            float[] value = plus(times(block.value(), normed), block.valueBias());
            if (block.queryNorm() != null && block.keyNorm() != null) {
                Layers.headNorms(query, block.queryNorm(), config.normEpsilon());
                Layers.headNorms(key, block.keyNorm(), config.normEpsilon());
            }
            rotate(query);
            rotate(key);
            store(key, keys[index]);
            store(value, values[index]);
            float[] h = sum(x, times(block.attentionOutput(), attention(query, index)));

            float[] normedAgain = Layers.rmsNorm(h, 0, block.feedForwardNorm(), config.normEpsilon());
            float[] gate = times(block.gate(), normedAgain);
            float[] up = times(block.up(), normedAgain);
            for (int i = 0; i < gate.length; i++) {
                gate[i] = Layers.swiglu(gate[i], up[i]);
            }
            float[] y = sum(h, times(block.down(), gate));
            for (int i = 0; i < y.length; i++) {
                y[i] = boundary(y[i]);
            }
            return y;
        }

        private float[] head(float[] x) {
            var norm = Objects.requireNonNull(tensors.outputNorm());
            var output = Objects.requireNonNull(tensors.output());
            return times(output, Layers.rmsNorm(x, 0, norm, config.normEpsilon()));
        }

        private void rotate(float[] heads) {
            for (int from = 0; from < heads.length; from += config.headDimension()) {
                rotary.rotate(heads, from, position, config.neoxRope());
            }
        }

        private void store(float[] row, short[] cache) {
            for (int i = 0; i < kvDimension; i++) {
                cache[position * kvDimension + i] = Ig1.toHalf(row[i]);
            }
        }

        private float[] attention(float[] query, int index) {
            int headDimension = config.headDimension();
            int queriesPerKv = config.heads() / config.kvHeads();
            var out = new float[query.length];
            for (int head = 0; head < config.heads(); head++) {
                int from = head * headDimension;
                int kvFrom = head / queriesPerKv * headDimension;
                Layers.attention(
                        query,
                        from,
                        headDimension,
                        keys[index],
                        values[index],
                        kvDimension,
                        kvFrom,
                        config.firstSeen(position),
                        position + 1,
                        out,
                        from);
            }
            return out;
        }

        /** Every row of the matrix times x. */
        private static float[] times(GgufTensor matrix, float[] x) {
            int n = x.length;
            var out = new float[(int) matrix.rows()];
            var data = matrix.data();
            long rowBytes = matrix.type().rowBytes(matrix.columns());
            var quantised = matrix.type().quantised() ? QuantisedVector.of(x, 0, n) : NONE;
            for (int row = 0; row < out.length; row++) {
                long at = row * rowBytes;
                out[row] = switch (matrix.type()) {
                    case F16 -> WeightRows.timesF16(data, at, x, 0, n);
                    case BF16 -> WeightRows.timesBf16(data, at, x, 0, n);
                    case F32 -> WeightRows.timesF32(data, at, x, 0, n);
                    default -> WeightRows.times(matrix.type(), data, at, quantised);
                };
            }
            return out;
        }

        private static float[] plus(float[] x, float @Nullable [] bias) {
            return bias == null ? x : sum(x, bias);
        }

        private static float[] sum(float[] a, float[] b) {
            var out = new float[a.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = a[i] + b[i];
            }
            return out;
        }

        private static float boundary(float x) {
            return Ig1.fromHalf(Ig1.toHalf(x));
        }

        @Override
        public void close() {}
    }
}
