package io.infergrid.compute.slice;

import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.model.ModelConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which rows of each matrix of a model each member computes: whole key-value heads with the query heads that share them, and about as many
 * rows of everything else as its weight says. Slices need not be alike: 8 key-value heads over 3 members are 3, 2 and 3.
 *
 * @param config of the whole model
 * @param slices one for each member, in order; together every row once
 */
public record SlicePlan(ModelConfig config, List<Slice> slices) {

    /** Most members: beyond, exchanging takes longer than computing on any network. */
    public static final int MOST_MEMBERS = 8;

    /** Rows are shared out in runs of so many where there are enough, so that members' kernels have whole groups. */
    private static final int RUN = 32;

    /**
     * What one member computes.
     *
     * @param kvHeads key and value heads, and the query heads that share them
     * @param feedForward rows of gate and up
     * @param dimension rows of the two matrices that lead back to the residual stream
     * @param vocabulary rows of the output matrix
     */
    public record Slice(Rows kvHeads, Rows feedForward, Rows dimension, Rows vocabulary) {}

    public SlicePlan {
        slices = List.copyOf(slices);
    }

    /**
     * Shares a model out.
     *
     * @param weights how fast each member computes, in any unit
     * @throws IllegalArgumentException if there are more members than key-value heads, or no sensible weights
     */
    public static SlicePlan of(ModelConfig config, double... weights) {
        int members = weights.length;
        int most = Math.min(
                MOST_MEMBERS,
                Math.min(
                        config.kvHeads(),
                        Math.min(config.feedForward(), Math.min(config.dimension(), config.vocabulary()))));
        if (members < 1 || members > most) {
            throw new IllegalArgumentException("expected 1 to " + most + " members for a model with " + config.kvHeads()
                    + " key-value heads, found " + members);
        }
        for (double weight : weights) {
            if (!(weight > 0 && weight < 1e12)) {
                throw new IllegalArgumentException("expected weights above 0, found " + Arrays.toString(weights));
            }
        }
        List<Rows> heads = split(config.kvHeads(), 1, weights);
        List<Rows> hidden = split(config.feedForward(), RUN, weights);
        List<Rows> dimension = split(config.dimension(), RUN, weights);
        List<Rows> vocabulary = split(config.vocabulary(), RUN, weights);
        var slices = new ArrayList<Slice>();
        for (int i = 0; i < members; i++) {
            slices.add(new Slice(heads.get(i), hidden.get(i), dimension.get(i), vocabulary.get(i)));
        }
        return new SlicePlan(config, slices);
    }

    private static List<Rows> split(int total, int run, double[] weights) {
        int members = weights.length;
        int unit = total / run >= members ? run : 1;
        int units = Math.ceilDiv(total, unit);
        double all = Arrays.stream(weights).sum();
        double before = 0;
        int from = 0;
        var parts = new ArrayList<Rows>();
        for (int i = 0; i < members; i++) {
            before += weights[i];
            int end = (int) Math.clamp(Math.round(units * before / all), from + 1L, units - (members - 1L - i));
            parts.add(new Rows(from * unit, i == members - 1 ? total : Math.min(total, end * unit)));
            from = end;
        }
        return parts;
    }

    public int members() {
        return slices.size();
    }

    /** Elements of a vector that is gathered. */
    public int width(Gather point) {
        return switch (point) {
            case ATTENTION -> config.queryDimension();
            case RESIDUAL, BOUNDARY -> config.dimension();
            case HIDDEN -> config.feedForward();
            case LOGITS -> config.vocabulary();
        };
    }

    /** The elements of a gathered vector that a member computes. */
    public Rows elements(Gather point, int member) {
        Slice slice = slices.get(member);
        return switch (point) {
            case ATTENTION -> slice.kvHeads().times(config.queryDimension() / config.kvHeads());
            case RESIDUAL, BOUNDARY -> slice.dimension();
            case HIDDEN -> slice.feedForward();
            case LOGITS -> slice.vocabulary();
        };
    }

    /** Bytes that a member sends to each other member for one position of one block. */
    public long bytesPerBlock(int member) {
        long bytes = 0;
        for (Gather point : Gather.values()) {
            bytes += point == Gather.LOGITS ? 0 : (long) elements(point, member).count() * point.bytesPerElement();
        }
        return bytes;
    }

    /** The shape of a member's part: its own heads and hidden elements; the residual stream is whole. */
    public ModelConfig local(int member) {
        Slice slice = slices.get(member);
        return new ModelConfig(
                config.architecture(),
                config.dimension(),
                config.blocks(),
                config.heads() / config.kvHeads() * slice.kvHeads().count(),
                slice.kvHeads().count(),
                config.headDimension(),
                slice.feedForward().count(),
                slice.vocabulary().count(),
                config.contextLength(),
                config.ropeBase(),
                config.ropeDimensions(),
                config.neoxRope(),
                config.ropeScaling(),
                config.normEpsilon(),
                config.headNorms(),
                config.slidingWindow());
    }

    /** A member's rows of a stage's tensors; norms are whole, and there is no embedding. */
    public StageTensors tensors(StageTensors whole, int member) {
        Slice slice = slices.get(member);
        Rows keys = slice.kvHeads().times(config.headDimension());
        Rows queries = elements(Gather.ATTENTION, member);
        Rows dimension = slice.dimension();
        Rows hidden = slice.feedForward();
        List<StageTensors.Block> blocks = whole.blocks().stream()
                .map(block -> new StageTensors.Block(
                        block.attentionNorm(),
                        rows(block.query(), queries),
                        part(block.queryBias(), queries),
                        rows(block.key(), keys),
                        part(block.keyBias(), keys),
                        rows(block.value(), keys),
                        part(block.valueBias(), keys),
                        block.queryNorm(),
                        block.keyNorm(),
                        rows(block.attentionOutput(), dimension),
                        block.feedForwardNorm(),
                        rows(block.gate(), hidden),
                        rows(block.up(), hidden),
                        rows(block.down(), dimension)))
                .toList();
        GgufTensor output = whole.output();
        return new StageTensors(
                null,
                blocks,
                whole.outputNorm(),
                output == null ? null : rows(output, slice.vocabulary()),
                whole.rotaryFactors());
    }

    private static GgufTensor rows(GgufTensor tensor, Rows rows) {
        long rowBytes = tensor.type().rowBytes(tensor.columns());
        return new GgufTensor(
                tensor.name(),
                tensor.type(),
                tensor.columns(),
                rows.count(),
                tensor.data().asSlice(rows.from() * rowBytes, rows.count() * rowBytes));
    }

    private static float @Nullable [] part(float @Nullable [] vector, Rows rows) {
        return vector == null ? null : Arrays.copyOfRange(vector, rows.from(), rows.to());
    }
}
