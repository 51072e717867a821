package io.infergrid.compute.arithmetic;

/** The layers of a transformer block between its matrices, for one position at a time. */
public final class Layers {

    /** Positions whose attention sums run in order before they join the total. */
    public static final int ATTENTION_CHUNK = 32;

    private Layers() {}

    /**
     * {@code y[i] = flush(flush(x[from + i] * r) * weight[i])} with r = 1 / sqrt(mean square + epsilon): what is too small beside
     * the rest is zero however large its weight.
     */
    public static float[] rmsNorm(float[] x, int from, float[] weight, float epsilon) {
        int n = weight.length;
        var squares = new float[n];
        for (int i = 0; i < n; i++) {
            squares[i] = x[from + i] * x[from + i];
        }
        float mean = Ig1.sum32(squares, 0, n) * (float) (1.0 / n);
        float r = Ig1.rsqrt(mean + epsilon);
        var y = new float[n];
        for (int i = 0; i < n; i++) {
            y[i] = Ig1.flush(Ig1.flush(x[from + i] * r) * weight[i]);
        }
        return y;
    }

    /**
     * RMS norm of each head for itself, in place: {@link #rmsNorm} of every {@code weight.length} elements of {@code x}.
     */
    public static void headNorms(float[] x, float[] weight, float epsilon) {
        for (int from = 0; from < x.length; from += weight.length) {
            System.arraycopy(rmsNorm(x, from, weight, epsilon), 0, x, from, weight.length);
        }
    }

    /**
     * Attention of one query head over positions {@code first .. positions - 1}, of which the last is its own. Positions before
     * {@code first} are out of its window: chunks are still counted from position 0.
     *
     * @param query {@code query[queryFrom .. queryFrom + headDimension)}, after rotation
     * @param keys halves, [positions][stride], of which this head's are at {@code kvFrom}
     * @param values halves, like {@code keys}
     * @param out receives {@code out[outFrom .. outFrom + headDimension)}
     */
    public static void attention(
            float[] query,
            int queryFrom,
            int headDimension,
            short[] keys,
            short[] values,
            int stride,
            int kvFrom,
            int first,
            int positions,
            float[] out,
            int outFrom) {
        float scale = (float) (1.0 / Math.sqrt(headDimension));
        var scores = new float[positions];
        float max = Float.NEGATIVE_INFINITY;
        var products = new float[headDimension];
        for (int p = first; p < positions; p++) {
            for (int d = 0; d < headDimension; d++) {
                products[d] = query[queryFrom + d] * Ig1.fromHalf(keys[p * stride + kvFrom + d]);
            }
            scores[p] = Ig1.sum4(products, 0, headDimension) * scale;
            max = Math.max(max, scores[p]);
        }
        for (int p = first; p < positions; p++) {
            scores[p] = Ig1.exp(scores[p] - max);
        }
        float inverse = Ig1.recip(chunkedSum(scores, first, positions));
        var weighted = new float[positions];
        for (int d = 0; d < headDimension; d++) {
            for (int p = first; p < positions; p++) {
                weighted[p] = scores[p] * Ig1.fromHalf(values[p * stride + kvFrom + d]);
            }
            out[outFrom + d] = Ig1.flush(chunkedSum(weighted, first, positions) * inverse);
        }
    }

    /** Sums inside a chunk in position order, then the chunks' sums in index order, both from +0. */
    private static float chunkedSum(float[] v, int first, int n) {
        float total = 0f;
        for (int chunk = first / ATTENTION_CHUNK * ATTENTION_CHUNK; chunk < n; chunk += ATTENTION_CHUNK) {
            float sum = 0f;
            for (int p = Math.max(first, chunk); p < Math.min(n, chunk + ATTENTION_CHUNK); p++) {
                sum += v[p];
            }
            total += sum;
        }
        return total;
    }

    /** {@code silu(gate) * up}. */
    public static float swiglu(float gate, float up) {
        float clamped = Math.clamp(gate, -60f, 60f);
        float silu = gate * Ig1.recip(1f + Ig1.exp(-clamped));
        return Ig1.flush(Ig1.flush(silu) * up);
    }
}
