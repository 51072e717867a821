package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.KeyValuePages.CHUNK;
import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.FLOATS;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.model.ModelConfig;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/**
 * Attention of one key-value head for the query heads that share it and a few query positions: each chunk of keys and
 * values is widened to floats once for all of them. Scratch memory of one worker.
 */
final class Attention {

    /** Query positions that are taken together; the scores of all of them are held. */
    static final int QUERY_POSITIONS = 8;

    private final ModelConfig config;
    private final int headDimension;
    private final int paddedDimension;
    private final int queriesPerKv;
    private final float scale;

    /** A chunk's keys [headDimension][32] or values [32][paddedDimension]. */
    private final float[] wide;

    /** [queries][positions, whole chunks]. */
    private float[] scores = {};

    private final float[] denominators;
    /** [queries][paddedDimension]. */
    private final float[] totals;

    Attention(ModelConfig config, int paddedDimension) {
        this.config = config;
        this.headDimension = config.headDimension();
        this.paddedDimension = paddedDimension;
        this.queriesPerKv = config.heads() / config.kvHeads();
        scale = (float) (1.0 / Math.sqrt(headDimension));
        wide = new float[CHUNK * paddedDimension];
        denominators = new float[QUERY_POSITIONS * queriesPerKv];
        totals = new float[QUERY_POSITIONS * queriesPerKv * paddedDimension];
    }

    /**
     * @param queries after rotation, [count][stride]; the heads of {@code kvHead} are at
     *     {@code kvHead * queriesPerKv * headDimension}
     * @param from index in {@code queries} of the first query position taken, {@code to} of the last plus 1
     * @param position of query 0 in the sequence; negative if that is another sequence's, before {@code from}
     * @param out like {@code queries}, with its own stride
     */
    void run(
            KeyValuePages cache,
            int block,
            int kvHead,
            float[] queries,
            int stride,
            int from,
            int to,
            int position,
            float[] out,
            int outStride) {
        int chunks = (position + to + CHUNK - 1) / CHUNK;
        int room = chunks * CHUNK;
        if (scores.length < room * denominators.length) {
            scores = new float[(room + room / 2 / CHUNK * CHUNK) * denominators.length];
        }
        int firstHead = kvHead * queriesPerKv * headDimension;
        score(cache, block, kvHead, queries, stride, from, to, position, chunks, room, firstHead);
        softmax(from, to, position, room);
        weigh(cache, block, kvHead, from, to, position, chunks, room);
        for (int p = from; p < to; p++) {
            for (int head = 0; head < queriesPerKv; head++) {
                int query = (p - from) * queriesPerKv + head;
                float inverse = Ig1.recip(denominators[query]);
                int at = p * outStride + firstHead + head * headDimension;
                for (int d = 0; d < headDimension; d++) {
                    out[at + d] = Ig1.flush(totals[query * paddedDimension + d] * inverse);
                }
            }
        }
    }

    private void score(
            KeyValuePages cache,
            int block,
            int kvHead,
            float[] queries,
            int stride,
            int from,
            int to,
            int position,
            int chunks,
            int room,
            int firstHead) {
        for (int chunk = config.firstSeen(position + from) / CHUNK; chunk < chunks; chunk++) {
            widen(cache.keys(block, chunk), cache.keysAt(kvHead), headDimension * CHUNK);
            for (int p = from; p < to; p++) {
                if (chunk * CHUNK > position + p || (chunk + 1) * CHUNK <= config.firstSeen(position + p)) {
                    continue;
                }
                for (int head = 0; head < queriesPerKv; head++) {
                    int query = (p - from) * queriesPerKv + head;
                    int q = p * stride + firstHead + head * headDimension;
                    scoreChunk(queries, q, scores, query * room + chunk * CHUNK);
                }
            }
        }
    }

    /** 32 positions' scores for one query: IG1's sum4 over the head's elements, a lane for a position. */
    private void scoreChunk(float[] queries, int q, float[] scores, int to) {
        int whole = headDimension & -4;
        for (int lane = 0; lane < CHUNK; lane += COUNT) {
            FloatVector sum0 = FloatVector.zero(FLOATS);
            FloatVector sum1 = sum0;
            FloatVector sum2 = sum0;
            FloatVector sum3 = sum0;
            for (int d = 0; d < whole; d += 4) {
                int k = d * CHUNK + lane;
                sum0 = sum0.add(FloatVector.fromArray(FLOATS, wide, k).mul(queries[q + d]));
                sum1 = sum1.add(FloatVector.fromArray(FLOATS, wide, k + CHUNK).mul(queries[q + d + 1]));
                sum2 = sum2.add(
                        FloatVector.fromArray(FLOATS, wide, k + 2 * CHUNK).mul(queries[q + d + 2]));
                sum3 = sum3.add(
                        FloatVector.fromArray(FLOATS, wide, k + 3 * CHUNK).mul(queries[q + d + 3]));
            }
            int rest = headDimension - whole;
            int k = whole * CHUNK + lane;
            if (rest > 0) {
                sum0 = sum0.add(FloatVector.fromArray(FLOATS, wide, k).mul(queries[q + whole]));
            }
            if (rest > 1) {
                sum1 = sum1.add(FloatVector.fromArray(FLOATS, wide, k + CHUNK).mul(queries[q + whole + 1]));
            }
            if (rest > 2) {
                sum2 = sum2.add(
                        FloatVector.fromArray(FLOATS, wide, k + 2 * CHUNK).mul(queries[q + whole + 2]));
            }
            sum0.add(sum2).add(sum1.add(sum3)).mul(scale).intoArray(scores, to + lane);
        }
    }

    /** Scores to weights, and their sums; a query sees the positions of its window up to its own. */
    private void softmax(int from, int to, int position, int room) {
        for (int p = from; p < to; p++) {
            int seen = position + p + 1;
            int first = config.firstSeen(position + p);
            for (int head = 0; head < queriesPerKv; head++) {
                int query = (p - from) * queriesPerKv + head;
                int at = query * room;
                int n = seen - first;
                VectorIg1.expOfDifference(scores, at + first, n, VectorIg1.max(scores, at + first, n));
                float total = 0f;
                for (int chunk = first / CHUNK * CHUNK; chunk < seen; chunk += CHUNK) {
                    float sum = 0f;
                    for (int i = Math.max(first, chunk); i < Math.min(seen, chunk + CHUNK); i++) {
                        sum += scores[at + i];
                    }
                    total += sum;
                }
                denominators[query] = total;
            }
        }
    }

    private void weigh(
            KeyValuePages cache, int block, int kvHead, int from, int to, int position, int chunks, int room) {
        Arrays.fill(totals, 0f);
        for (int chunk = config.firstSeen(position + from) / CHUNK; chunk < chunks; chunk++) {
            widen(cache.values(block, chunk), cache.valuesAt(kvHead), paddedDimension * CHUNK);
            for (int p = from; p < to; p++) {
                int first = Math.max(0, config.firstSeen(position + p) - chunk * CHUNK);
                int seen = Math.min(CHUNK, position + p + 1 - chunk * CHUNK);
                for (int head = 0; head < queriesPerKv && first < seen; head++) {
                    int query = (p - from) * queriesPerKv + head;
                    weighChunk(query * room + chunk * CHUNK, first, seen, query * paddedDimension);
                }
            }
        }
    }

    /** Adds one chunk's weighted values to a query's total: in position order inside the chunk. */
    private void weighChunk(int weights, int first, int seen, int total) {
        for (int d = 0; d < paddedDimension; d += COUNT) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int i = first; i < seen; i++) {
                sum = sum.add(FloatVector.fromArray(FLOATS, wide, i * paddedDimension + d)
                        .mul(scores[weights + i]));
            }
            FloatVector.fromArray(FLOATS, totals, total + d).add(sum).intoArray(totals, total + d);
        }
    }

    private void widen(short[] halves, int from, int n) {
        for (int i = 0; i < n; i += COUNT) {
            Lanes.fromHalf(ShortVector.fromArray(Lanes.SHORTS, halves, from + i))
                    .intoArray(wide, i);
        }
    }
}
