package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Activations.MOST_POSITIONS;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.arithmetic.RotaryTable;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.Stage.Work;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.slice.Gather;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Computes the next positions of some sessions. It reads like the reference's forward pass, except that it takes many
 * positions through each step at once, whichever sessions they are of: weights are read once for all of them. A position is
 * a row of the stage's {@link Workspace}. Each step is shared among the workers.
 *
 * <p>Used by the holder of the stage's turn.
 */
final class CpuStep {

    /** Groups of rows that a worker takes at least: a few hundred kilobytes of weights in a row. */
    private static final int GRAIN = 2;

    private final CpuStage stage;
    /** Of what is computed here: all of the model's heads and hidden elements, or a slice of them. */
    private final ModelConfig config;

    private final @Nullable Sharing sharing;
    private final Workers workers;
    private final Workspace space;

    /** The positions that are computed now: of which session each is, and where in it. */
    private int rows;

    private final CpuSession[] sessions = new CpuSession[MOST_POSITIONS];
    private final int[] positions = new int[MOST_POSITIONS];

    /** Rows that attend together, neighbours in one session: span i begins at row {@code spans[i]} and ends at the next. */
    private final int[] spans = new int[MOST_POSITIONS + 1];

    private int spanCount;

    /** A work's outputs as they come. */
    private record Pending(Work work, int start, byte[] wire, float[][] logits) {}

    /** Positions of a work, from {@code done} on, that are in the rows from {@code row} on. */
    private record Part(Pending pending, int done, int count, int row) {}

    CpuStep(CpuStage stage) {
        this.stage = stage;
        this.config = stage.local;
        this.sharing = stage.sharing;
        this.workers = stage.workers;
        this.space = stage.workspace;
    }

    /**
     * Runs works that were checked and whose pages are reserved; moves no session.
     *
     * @return an output for each, in order
     */
    List<StageOutput> run(List<Work> works) {
        var pending = works.stream().map(this::pending).toList();
        var parts = new ArrayList<Part>();
        int row = 0;
        for (Pending one : pending) {
            int total = one.work().input().positions();
            for (int done = 0; done < total; ) {
                int count = Math.min(MOST_POSITIONS - row, total - done);
                parts.add(new Part(one, done, count, row));
                row += count;
                done += count;
                if (row == MOST_POSITIONS) {
                    compute(parts);
                    parts.clear();
                    row = 0;
                }
            }
        }
        if (row > 0) {
            compute(parts);
        }
        return pending.stream().map(this::output).toList();
    }

    private Pending pending(Work work) {
        int positions = work.input().positions();
        boolean head = stage.spec().head();
        var wire = new byte[head ? 0 : Math.multiplyExact(positions * 2, config.dimension())];
        var logits = new float[!head ? 0 : work.wanted() == LogitsWanted.ALL ? positions : 1][];
        return new Pending(work, work.session().position(), wire, logits);
    }

    private StageOutput output(Pending pending) {
        return stage.spec().head()
                ? new StageOutput.Logits(pending.logits())
                : new Boundary(pending.work().input().positions(), config.dimension(), pending.wire());
    }

    private void compute(List<Part> parts) {
        rows = 0;
        space.reserve(parts.stream().mapToInt(Part::count).sum());
        for (Part part : parts) {
            for (int i = 0; i < part.count(); i++) {
                sessions[rows] = (CpuSession) part.pending().work().session();
                positions[rows++] = part.pending().start() + part.done() + i;
            }
            read(part);
        }
        findSpans();
        int[] wanted = wantedRows(parts);
        int last = stage.blocks.size() - 1;
        for (int i = 0; i <= last; i++) {
            if (i == last && wanted.length < rows) {
                lastBlock(i, wanted);
            } else {
                block(i);
            }
        }
        if (last < 0 && wanted.length < rows) {
            keep(wanted);
        }
        if (stage.spec().head()) {
            head(parts);
        } else {
            parts.forEach(this::write);
        }
    }

    /** Rows whose outputs somebody reads, in order. */
    private int[] wantedRows(List<Part> parts) {
        var wanted = new int[rows];
        int count = 0;
        for (Part part : parts) {
            for (int i = part.count() - wanted(part); i < part.count(); i++) {
                wanted[count++] = part.row() + i;
            }
        }
        return Arrays.copyOf(wanted, count);
    }

    /** How many of a part's positions, the last ones, are wanted. */
    private int wanted(Part part) {
        Work work = part.pending().work();
        if (!stage.spec().head() || work.wanted() == LogitsWanted.ALL) {
            return part.count();
        }
        return part.done() + part.count() == work.input().positions() ? 1 : 0;
    }

    /** Forgets all rows but some, which move to the front. */
    private void keep(int[] kept) {
        int dimension = config.dimension();
        for (int i = 0; i < kept.length; i++) {
            System.arraycopy(space.x, kept[i] * dimension, space.x, i * dimension, dimension);
            sessions[i] = sessions[kept[i]];
            positions[i] = positions[kept[i]];
        }
        rows = kept.length;
        findSpans();
    }

    private void findSpans() {
        spanCount = 0;
        for (int row = 0; row < rows; row++) {
            boolean follows = row > 0
                    && sessions[row] == sessions[row - 1]
                    && positions[row] == positions[row - 1] + 1
                    && row - spans[spanCount - 1] < Attention.QUERY_POSITIONS;
            if (!follows) {
                spans[spanCount++] = row;
            }
        }
        spans[spanCount] = rows;
    }

    private void read(Part part) {
        int dimension = config.dimension();
        switch (part.pending().work().input()) {
            case StageInput.Tokens tokens -> {
                var embedding = Objects.requireNonNull(stage.embedding);
                workers.forEach(part.count(), 4, (worker, from, to) -> {
                    for (int p = from; p < to; p++) {
                        for (int i = 0; i < dimension; i++) {
                            float element = embedding.element(tokens.ids()[part.done() + p], i);
                            space.x[(part.row() + p) * dimension + i] = Ig1.fromHalf(Ig1.toHalf(element));
                        }
                    }
                });
            }
            case Boundary boundary -> {
                byte[] wire = boundary.wire();
                for (int i = 0; i < part.count() * dimension; i++) {
                    int at = (part.done() * dimension + i) * 2;
                    space.x[part.row() * dimension + i] = Ig1.fromHalf((short) ((wire[at] & 0xff) | wire[at + 1] << 8));
                }
            }
        }
    }

    private void write(Part part) {
        int dimension = config.dimension();
        byte[] wire = part.pending().wire();
        for (int i = 0; i < part.count() * dimension; i++) {
            short half = Ig1.toHalf(space.x[part.row() * dimension + i]);
            int at = (part.done() * dimension + i) * 2;
            wire[at] = (byte) half;
            wire[at + 1] = (byte) (half >> 8);
        }
    }

    private RotaryTable rotary() {
        int most = 0;
        for (int row = 0; row < rows; row++) {
            most = Math.max(most, positions[row]);
        }
        return stage.rotary(most + 1);
    }

    private void block(int index) {
        CpuStage.Block block = stage.blocks.get(index);
        RotaryTable rotary = rotary();
        normAndQuantise(block.attentionNorm(), block.query(), block.key(), block.value());
        times(block.query(), space.query, block.key(), space.key, block.value(), space.value);
        forRows((worker, p) -> {
            rotateQuery(block, rotary, worker, p);
            storeKeyAndValue(block, index, rotary, worker, p);
        });
        attendAndFeedForward(block, index);
    }

    /** The last block where nobody reads most of its outputs: keys and values of all positions, the rest for the wanted ones. */
    private void lastBlock(int index, int[] wanted) {
        CpuStage.Block block = stage.blocks.get(index);
        RotaryTable rotary = rotary();
        normAndQuantise(block.attentionNorm(), block.key(), block.value());
        times(block.key(), space.key, block.value(), space.value);
        forRows((worker, p) -> storeKeyAndValue(block, index, rotary, worker, p));
        keep(wanted);
        if (wanted.length > 0) {
            normAndQuantise(block.attentionNorm(), block.query());
            times(block.query(), space.query);
            forRows((worker, p) -> rotateQuery(block, rotary, worker, p));
            attendAndFeedForward(block, index);
        }
    }

    private void attendAndFeedForward(CpuStage.Block block, int index) {
        int dimension = config.dimension();
        int queries = config.heads() * config.headDimension();
        attend(index, block.query().stride());
        int heads = block.attentionOutput().columns;
        float[] attention = sharing == null ? space.attention : sharing.attention(space.attention, queries, rows);
        take(attention, heads, heads, block.attentionOutput());
        times(block.attentionOutput(), space.projected);
        int own = sharing == null ? 0 : sharing.residual().from();
        forRows((worker, p) -> VectorIg1.add(
                space.x,
                p * dimension + own,
                space.projected,
                p * block.attentionOutput().stride(),
                block.attentionOutput().rows));
        if (sharing != null) {
            sharing.residual(Gather.RESIDUAL, space.x, rows);
        }

        normAndQuantise(block.feedForwardNorm(), block.gate(), block.up());
        times(block.gate(), space.gate, block.up(), space.up);
        swiglu(block.gate().stride());
        int hidden = block.down().columns;
        if (sharing == null) {
            take(space.gate, block.gate().stride(), hidden, block.down());
        } else {
            take(sharing.hidden(space.gate, block.gate().stride(), rows), hidden, hidden, block.down());
        }
        times(block.down(), space.projected);
        int count = block.down().rows;
        forRows((worker, p) -> {
            VectorIg1.add(
                    space.x,
                    p * dimension + own,
                    space.projected,
                    p * block.down().stride(),
                    count);
            VectorIg1.roundToHalf(space.x, p * dimension + own, count);
        });
        if (sharing != null) {
            sharing.residual(Gather.BOUNDARY, space.x, rows);
        }
    }

    /** Logits of the rows, which are those wanted of each part in order. */
    private void head(List<Part> parts) {
        var output = Objects.requireNonNull(stage.output);
        var norm = Objects.requireNonNull(stage.outputNorm);
        var logits = new ArrayList<float[]>();
        int dimension = config.dimension();
        for (int done = 0; done < rows; done += Workspace.HEAD_POSITIONS) {
            int some = Math.min(Workspace.HEAD_POSITIONS, rows - done);
            int first = done;
            space.reserveLogits(some);
            space.activations.set(space.normed, dimension, some, dimension, output);
            forEach(some, (worker, p) -> {
                norm(norm, first + p, p, worker);
                if (space.activations.quantised()) {
                    space.activations.quantise(p, worker);
                }
            });
            times(output, space.logits);
            float[] all = sharing == null ? space.logits : sharing.logits(space.logits, output.stride(), some);
            int width = stage.config().vocabulary();
            int stride = sharing == null ? output.stride() : width;
            for (int p = 0; p < some; p++) {
                logits.add(Arrays.copyOfRange(all, p * stride, p * stride + width));
            }
        }
        int next = 0;
        for (Part part : parts) {
            float[][] to = part.pending().logits();
            int at = to.length == 1 ? 0 : part.done();
            for (int i = 0; i < wanted(part); i++) {
                to[at + i] = logits.get(next++);
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

    private void normAndQuantise(float[] weight, PackedMatrix... readers) {
        space.activations.set(space.normed, config.dimension(), rows, config.dimension(), readers);
        forRows((worker, p) -> {
            norm(weight, p, p, worker);
            if (space.activations.quantised()) {
                space.activations.quantise(p, worker);
            }
        });
    }

    private void take(float[] source, int stride, int columns, PackedMatrix reader) {
        space.activations.set(source, stride, rows, columns, reader);
        if (space.activations.quantised()) {
            forRows((worker, p) -> space.activations.quantise(p, worker));
        }
    }

    private void rotateQuery(CpuStage.Block block, RotaryTable rotary, int worker, int p) {
        int query = p * block.query().stride();
        addBias(space.query, query, block.queryBias());
        normHeads(space.query, query, config.heads(), block.queryNorm(), worker);
        for (int head = 0; head < config.heads(); head++) {
            rotary.rotate(space.query, query + head * config.headDimension(), positions[p], config.neoxRope());
        }
    }

    private void storeKeyAndValue(CpuStage.Block block, int index, RotaryTable rotary, int worker, int p) {
        int key = p * block.key().stride();
        int value = p * block.value().stride();
        addBias(space.key, key, block.keyBias());
        addBias(space.value, value, block.valueBias());
        normHeads(space.key, key, config.kvHeads(), block.keyNorm(), worker);
        for (int head = 0; head < config.kvHeads(); head++) {
            rotary.rotate(space.key, key + head * config.headDimension(), positions[p], config.neoxRope());
        }
        sessions[p].pages.store(index, positions[p], space.key, key, space.value, value, space.halves[worker]);
    }

    private static void addBias(float[] x, int from, float @Nullable [] bias) {
        if (bias != null) {
            VectorIg1.add(x, from, bias, 0, bias.length);
        }
    }

    private void normHeads(float[] x, int from, int heads, float @Nullable [] weight, int worker) {
        for (int head = 0; weight != null && head < heads; head++) {
            int at = from + head * config.headDimension();
            VectorIg1.rmsNorm(x, at, weight, config.normEpsilon(), x, at, space.lanes[worker]);
        }
    }

    private void attend(int index, int stride) {
        int outStride = config.heads() * config.headDimension();
        workers.forEach(config.kvHeads() * spanCount, 1, (worker, from, to) -> {
            for (int i = from; i < to; i++) {
                int span = i / config.kvHeads();
                int row = spans[span];
                space.attentions[worker].run(
                        sessions[row].pages,
                        index,
                        i % config.kvHeads(),
                        space.query,
                        stride,
                        row,
                        spans[span + 1],
                        positions[row] - row,
                        space.attention,
                        outStride);
            }
        });
    }

    private void swiglu(int stride) {
        // in parts of a position, so that a single one is shared as well
        int part = Workspace.SWIGLU_PART;
        int parts = (config.feedForward() + part - 1) / part;
        workers.forEach(rows * parts, 2, (worker, from, to) -> {
            for (int i = from; i < to; i++) {
                int start = i % parts * part;
                int n = Math.min(part, config.feedForward() - start);
                VectorIg1.swiglu(space.gate, space.up, i / parts * stride + start, n, space.denominators[worker]);
            }
        });
    }

    private interface Step {
        void run(int worker, int row);
    }

    private void forRows(Step step) {
        forEach(rows, step);
    }

    private void forEach(int count, Step step) {
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
}
