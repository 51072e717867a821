package io.infergrid.compute.cpu;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.arithmetic.RotaryTable;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.StageChecks;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.model.ModelConfig;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One session on a stage. {@link #forward} reads like the reference's, except that it takes a batch of positions through
 * each step, and that each step is shared among the workers.
 */
final class CpuSession implements StageSession {

    /** Groups of rows that a worker takes at least: a few hundred kilobytes of weights in a row. */
    private static final int GRAIN = 2;

    private final CpuStage stage;
    private final ModelConfig config;
    private final Workers workers;
    private final Workspace space;
    private final int maxPositions;
    private final KeyValueCache[] caches;
    private int position;

    CpuSession(CpuStage stage, int maxPositions) {
        this.stage = stage;
        this.config = stage.config();
        this.workers = stage.workers;
        this.space = stage.workspace;
        this.maxPositions = maxPositions;
        caches = new KeyValueCache[stage.blocks.size()];
        for (int i = 0; i < caches.length; i++) {
            caches[i] = new KeyValueCache(config.kvHeads(), config.headDimension());
        }
    }

    @Override
    public int position() {
        return position;
    }

    @Override
    public void rewind(int to) {
        position = Objects.checkIndex(to, position + 1);
    }

    @Override
    public StageOutput forward(StageInput input, LogitsWanted wanted) {
        StageChecks.input(input, config, stage.spec(), position, maxPositions);
        stage.turn.lock();
        try {
            return stage.spec().head() ? logits(input, wanted) : boundary(input);
        } finally {
            stage.turn.unlock();
        }
    }

    private StageOutput boundary(StageInput input) {
        int dimension = config.dimension();
        var wire = new byte[Math.multiplyExact(input.positions() * 2, dimension)];
        int start = position;
        for (int done = 0; done < input.positions(); ) {
            int count = batch(input, done, start, false);
            for (int i = 0; i < count * dimension; i++) {
                short half = Ig1.toHalf(space.x[i]);
                int at = (done * dimension + i) * 2;
                wire[at] = (byte) half;
                wire[at + 1] = (byte) (half >> 8);
            }
            done += count;
        }
        position = start + input.positions();
        return new Boundary(input.positions(), dimension, wire);
    }

    private StageOutput logits(StageInput input, LogitsWanted wanted) {
        int start = position;
        int total = input.positions();
        var logits = new float[wanted == LogitsWanted.ALL ? total : 1][];
        for (int done = 0; done < total; ) {
            int count = batch(input, done, start, wanted == LogitsWanted.LAST);
            if (wanted == LogitsWanted.ALL) {
                head(count, logits, done);
            } else if (done + count == total) {
                head(1, logits, 0);
            }
            done += count;
        }
        position = start + total;
        return new StageOutput.Logits(logits);
    }

    /**
     * Takes the next positions of the input, from {@code done} on, through the blocks.
     *
     * @param lastOnly whether only the input's last position is wanted, which then ends in row 0 of {@code space.x}; else all
     *     end there in order
     */
    private int batch(StageInput input, int done, int start, boolean lastOnly) {
        int count = Math.min(Activations.MOST_POSITIONS, input.positions() - done);
        int first = start + done;
        boolean end = done + count == input.positions();
        read(input, done, count);
        if (caches.length == 0 && lastOnly) {
            keepLast(count);
            return count;
        }
        for (int i = 0; i < caches.length; i++) {
            RotaryTable rotary = stage.rotary(first + count);
            caches[i].reserve(first + count, maxPositions);
            if (lastOnly && i == caches.length - 1) {
                lastBlock(stage.blocks.get(i), caches[i], rotary, first, count, end);
            } else {
                block(stage.blocks.get(i), caches[i], rotary, first, count);
            }
        }
        return count;
    }

    private void read(StageInput input, int done, int count) {
        int dimension = config.dimension();
        switch (input) {
            case StageInput.Tokens tokens -> {
                var embedding = Objects.requireNonNull(stage.embedding);
                workers.forEach(count, 4, (worker, from, to) -> {
                    for (int p = from; p < to; p++) {
                        for (int i = 0; i < dimension; i++) {
                            float element = embedding.element(tokens.ids()[done + p], i);
                            space.x[p * dimension + i] = Ig1.fromHalf(Ig1.toHalf(element));
                        }
                    }
                });
            }
            case Boundary boundary -> {
                byte[] wire = boundary.wire();
                for (int i = 0; i < count * dimension; i++) {
                    int at = (done * dimension + i) * 2;
                    space.x[i] = Ig1.fromHalf((short) ((wire[at] & 0xff) | wire[at + 1] << 8));
                }
            }
        }
    }

    private void block(CpuStage.Block block, KeyValueCache cache, RotaryTable rotary, int first, int count) {
        normAndQuantise(block.attentionNorm(), count, block.query(), block.key(), block.value());
        times(block.query(), space.query, block.key(), space.key, block.value(), space.value);
        forPositions(count, (worker, p) -> {
            rotateQuery(block, rotary, worker, first, p);
            storeKeyAndValue(block, cache, rotary, worker, first, p);
        });
        attendAndFeedForward(block, cache, first, count);
    }

    /** The last block where nobody reads most of its outputs: keys and values of all positions, the rest for the last one. */
    private void lastBlock(
            CpuStage.Block block, KeyValueCache cache, RotaryTable rotary, int first, int count, boolean end) {
        normAndQuantise(block.attentionNorm(), count, block.key(), block.value());
        times(block.key(), space.key, block.value(), space.value);
        forPositions(count, (worker, p) -> storeKeyAndValue(block, cache, rotary, worker, first, p));
        if (end) {
            keepLast(count);
            normAndQuantise(block.attentionNorm(), 1, block.query());
            times(block.query(), space.query);
            rotateQuery(block, rotary, 0, first + count - 1, 0);
            attendAndFeedForward(block, cache, first + count - 1, 1);
        }
    }

    private void keepLast(int count) {
        int dimension = config.dimension();
        System.arraycopy(space.x, (count - 1) * dimension, space.x, 0, dimension);
    }

    private void attendAndFeedForward(CpuStage.Block block, KeyValueCache cache, int first, int count) {
        int dimension = config.dimension();
        int queries = config.heads() * config.headDimension();
        attend(cache, block.query().stride(), first, count);
        take(space.attention, queries, count, queries, block.attentionOutput());
        times(block.attentionOutput(), space.projected);
        forPositions(
                count,
                (worker, p) -> VectorIg1.add(
                        space.x,
                        p * dimension,
                        space.projected,
                        p * block.attentionOutput().stride(),
                        dimension));

        normAndQuantise(block.feedForwardNorm(), count, block.gate(), block.up());
        times(block.gate(), space.gate, block.up(), space.up);
        swiglu(block.gate().stride(), count);
        take(space.gate, block.gate().stride(), count, config.feedForward(), block.down());
        times(block.down(), space.projected);
        forPositions(count, (worker, p) -> {
            VectorIg1.add(
                    space.x, p * dimension, space.projected, p * block.down().stride(), dimension);
            VectorIg1.roundToHalf(space.x, p * dimension, dimension);
        });
    }

    /** Logits of the first {@code count} positions in {@code space.x}. */
    private void head(int count, float[][] logits, int logitsFrom) {
        var output = Objects.requireNonNull(stage.output);
        var norm = Objects.requireNonNull(stage.outputNorm);
        int dimension = config.dimension();
        for (int done = 0; done < count; done += Workspace.HEAD_POSITIONS) {
            int some = Math.min(Workspace.HEAD_POSITIONS, count - done);
            int first = done;
            space.activations.set(space.normed, dimension, some, dimension, output);
            forPositions(some, (worker, p) -> {
                norm(norm, first + p, p, worker);
                if (space.activations.quantised()) {
                    space.activations.quantise(p, worker);
                }
            });
            times(output, space.logits);
            for (int p = 0; p < some; p++) {
                var values = new float[output.rows];
                System.arraycopy(space.logits, p * output.stride(), values, 0, output.rows);
                logits[logitsFrom + done + p] = values;
            }
        }
    }

    private void norm(float[] weight, int source, int target, int worker) {
        int dimension = config.dimension();
        VectorIg1.rmsNorm(
                space.x,
                source * dimension,
                weight,
                config.normEpsilon(),
                space.normed,
                target * dimension,
                space.lanes[worker]);
    }

    private void normAndQuantise(float[] weight, int count, PackedMatrix... readers) {
        space.activations.set(space.normed, config.dimension(), count, config.dimension(), readers);
        forPositions(count, (worker, p) -> {
            norm(weight, p, p, worker);
            if (space.activations.quantised()) {
                space.activations.quantise(p, worker);
            }
        });
    }

    private void take(float[] source, int stride, int count, int columns, PackedMatrix reader) {
        space.activations.set(source, stride, count, columns, reader);
        if (space.activations.quantised()) {
            forPositions(count, (worker, p) -> space.activations.quantise(p, worker));
        }
    }

    private void rotateQuery(CpuStage.Block block, RotaryTable rotary, int worker, int first, int p) {
        int query = p * block.query().stride();
        addBias(space.query, query, block.queryBias());
        normHeads(space.query, query, config.heads(), block.queryNorm(), worker);
        for (int head = 0; head < config.heads(); head++) {
            rotary.rotate(space.query, query + head * config.headDimension(), first + p, config.neoxRope());
        }
    }

    private void storeKeyAndValue(
            CpuStage.Block block, KeyValueCache cache, RotaryTable rotary, int worker, int first, int p) {
        int key = p * block.key().stride();
        int value = p * block.value().stride();
        addBias(space.key, key, block.keyBias());
        addBias(space.value, value, block.valueBias());
        normHeads(space.key, key, config.kvHeads(), block.keyNorm(), worker);
        for (int head = 0; head < config.kvHeads(); head++) {
            rotary.rotate(space.key, key + head * config.headDimension(), first + p, config.neoxRope());
        }
        cache.store(first + p, space.key, key, space.value, value, space.halves[worker]);
    }

    private static void addBias(float[] x, int from, float @Nullable [] bias) {
        if (bias != null) {
            VectorIg1.add(x, from, bias, 0, bias.length);
        }
    }

    private void normHeads(float[] x, int from, int heads, float @Nullable [] weight, int worker) {
        for (int head = 0; weight != null && head < heads; head++) {
            int at = from + head * config.headDimension();
            VectorIg1.headNorm(x, at, weight, config.normEpsilon(), space.lanes[worker]);
        }
    }

    private void attend(KeyValueCache cache, int stride, int first, int count) {
        int parts = (count + Attention.QUERY_POSITIONS - 1) / Attention.QUERY_POSITIONS;
        int outStride = config.heads() * config.headDimension();
        workers.forEach(config.kvHeads() * parts, 1, (worker, from, to) -> {
            for (int i = from; i < to; i++) {
                int query = i / config.kvHeads() * Attention.QUERY_POSITIONS;
                int end = Math.min(count, query + Attention.QUERY_POSITIONS);
                space.attentions[worker].run(
                        cache,
                        i % config.kvHeads(),
                        space.query,
                        stride,
                        query,
                        end,
                        first,
                        space.attention,
                        outStride);
            }
        });
    }

    private void swiglu(int stride, int count) {
        // in parts of a position, so that a single one is shared as well
        int part = Workspace.SWIGLU_PART;
        int parts = (config.feedForward() + part - 1) / part;
        workers.forEach(count * parts, 2, (worker, from, to) -> {
            for (int i = from; i < to; i++) {
                int start = i % parts * part;
                int n = Math.min(part, config.feedForward() - start);
                VectorIg1.swiglu(space.gate, space.up, i / parts * stride + start, n, space.denominators[worker]);
            }
        });
    }

    private interface Step {
        void run(int worker, int position);
    }

    private void forPositions(int count, Step step) {
        workers.forEach(count, 1, (worker, from, to) -> {
            for (int p = from; p < to; p++) {
                step.run(worker, p);
            }
        });
    }

    private void times(PackedMatrix a, float[] outA) {
        workers.forEach(
                a.groups,
                GRAIN,
                (worker, from, to) -> a.times(space.activations, outA, from, to, space.scratch[worker]));
    }

    private void times(PackedMatrix a, float[] outA, PackedMatrix b, float[] outB) {
        workers.forEach(a.groups + b.groups, GRAIN, (worker, from, to) -> {
            part(a, outA, 0, from, to, worker);
            part(b, outB, a.groups, from, to, worker);
        });
    }

    private void times(PackedMatrix a, float[] outA, PackedMatrix b, float[] outB, PackedMatrix c, float[] outC) {
        workers.forEach(a.groups + b.groups + c.groups, GRAIN, (worker, from, to) -> {
            part(a, outA, 0, from, to, worker);
            part(b, outB, a.groups, from, to, worker);
            part(c, outC, a.groups + b.groups, from, to, worker);
        });
    }

    /** The groups of a matrix, counted from {@code first} on, that lie in {@code [from, to)}. */
    private void part(PackedMatrix matrix, float[] out, int first, int from, int to, int worker) {
        int begin = Math.max(from - first, 0);
        int end = Math.min(to - first, matrix.groups);
        if (begin < end) {
            matrix.times(space.activations, out, begin, end, space.scratch[worker]);
        }
    }

    @Override
    public void close() {}
}
