package io.infergrid.compute.cpu;

import io.infergrid.compute.model.ModelConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Memory for the intermediate values of one batch of positions, [positions][...] each: taken when a batch first needs it, and kept. */
final class Workspace {

    /** Positions whose logits are computed together: a vocabulary of floats for each is much memory. */
    static final int HEAD_POSITIONS = 32;

    /** Elements of a position's feed-forward layer that are activated by one worker at a time. */
    static final int SWIGLU_PART = 1024;

    float[] x = {};
    float[] normed = {};
    float[] query = {};
    float[] key = {};
    float[] value = {};
    float[] attention = {};
    float[] gate = {};
    float[] up = {};
    /** Outputs of the two matrices that lead back to the residual stream. */
    float[] projected = {};

    float[] logits = {};
    private final ModelConfig config;
    private final boolean hasBlocks;
    private final @Nullable PackedMatrix output;
    final Activations activations;

    // one for each worker
    final Scratch[] scratch;
    final Attention[] attentions;
    final short[][] halves;
    final float[][] lanes;
    final float[][] denominators;

    Workspace(ModelConfig config, List<CpuStage.Block> blocks, @Nullable PackedMatrix output, int workers) {
        this.config = config;
        this.hasBlocks = !blocks.isEmpty();
        this.output = output;
        activations = new Activations(workers);
        scratch = new Scratch[workers];
        attentions = new Attention[workers];
        halves = new short[workers][config.headDimension()];
        lanes = new float[workers][32];
        denominators = new float[workers][SWIGLU_PART];
        var shape = new KeyValuePages.Shape(0, config.kvHeads(), config.headDimension());
        for (int i = 0; i < workers; i++) {
            scratch[i] = new Scratch();
            attentions[i] = new Attention(config, shape.paddedDimension());
        }
    }

    /** Takes room for so many positions, at most {@link Activations#MOST_POSITIONS}; what was in it before is lost. */
    void reserve(int positions) {
        if (x.length >= positions * config.dimension()) {
            return;
        }
        int kv = config.kvHeads() * config.headDimension();
        int queries = config.heads() * config.headDimension();
        x = new float[positions * config.dimension()];
        normed = new float[positions * config.dimension()];
        if (hasBlocks) {
            query = room(positions, queries);
            key = room(positions, kv);
            value = room(positions, kv);
            attention = new float[positions * queries];
            gate = room(positions, config.feedForward());
            up = room(positions, config.feedForward());
            projected = room(positions, config.dimension());
        }
    }

    /** Takes room for the logits of so many positions, at most {@link #HEAD_POSITIONS}. */
    void reserveLogits(int positions) {
        if (output != null && logits.length < positions * output.stride()) {
            logits = new float[positions * output.stride()];
        }
    }

    /** Outputs of a matrix with {@code rows} rows, which are written in whole groups. */
    private static float[] room(int positions, int rows) {
        return new float[positions * ((rows + Lanes.GROUP - 1) / Lanes.GROUP * Lanes.GROUP)];
    }
}
