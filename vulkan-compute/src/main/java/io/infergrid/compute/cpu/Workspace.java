package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Activations.MOST_POSITIONS;

import io.infergrid.compute.model.ModelConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Memory for the intermediate values of one batch of positions, taken once for a stage: [positions][...] each. */
final class Workspace {

    /** Positions whose logits are computed together: a vocabulary of floats for each is much memory. */
    static final int HEAD_POSITIONS = 32;

    /** Elements of a position's feed-forward layer that are activated by one worker at a time. */
    static final int SWIGLU_PART = 1024;

    final float[] x;
    final float[] normed;
    final float[] query;
    final float[] key;
    final float[] value;
    final float[] attention;
    final float[] gate;
    final float[] up;
    /** Outputs of the two matrices that lead back to the residual stream. */
    final float[] projected;

    final float[] logits;
    final Activations activations;

    // one for each worker
    final Scratch[] scratch;
    final Attention[] attentions;
    final short[][] halves;
    final float[][] lanes;
    final float[][] denominators;

    Workspace(ModelConfig config, List<CpuStage.Block> blocks, @Nullable PackedMatrix output, int workers) {
        int dimension = config.dimension();
        int queries = config.heads() * config.headDimension();
        int kv = config.kvHeads() * config.headDimension();
        int positions = MOST_POSITIONS;
        boolean any = !blocks.isEmpty();
        x = new float[positions * dimension];
        normed = new float[positions * dimension];
        query = any ? room(queries) : new float[0];
        key = any ? room(kv) : new float[0];
        value = any ? room(kv) : new float[0];
        attention = any ? new float[positions * queries] : new float[0];
        gate = any ? room(config.feedForward()) : new float[0];
        up = any ? room(config.feedForward()) : new float[0];
        projected = any ? room(dimension) : new float[0];
        logits = output == null ? new float[0] : new float[HEAD_POSITIONS * output.stride()];
        activations = new Activations(
                any ? Math.max(Math.max(dimension, queries), config.feedForward()) : dimension, workers);
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

    /** Outputs of a matrix with {@code rows} rows, which are written in whole groups. */
    private static float[] room(int rows) {
        return new float[MOST_POSITIONS * ((rows + Lanes.GROUP - 1) / Lanes.GROUP * Lanes.GROUP)];
    }
}
