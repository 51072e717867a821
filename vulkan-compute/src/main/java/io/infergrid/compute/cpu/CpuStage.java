package io.infergrid.compute.cpu;

import io.infergrid.compute.arithmetic.RotaryTable;
import io.infergrid.compute.engine.Rotary;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageChecks;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.model.ModelConfig;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A stage's weights, repacked into memory of its own, and the working memory that its sessions share in turn. */
final class CpuStage implements Stage {

    /** Positions by which the rotary table grows at first. */
    private static final int FIRST_POSITIONS = 512;

    /** A block's matrices and vectors; see {@link StageTensors.Block}. */
    record Block(
            float[] attentionNorm,
            PackedMatrix query,
            float @Nullable [] queryBias,
            PackedMatrix key,
            float @Nullable [] keyBias,
            PackedMatrix value,
            float @Nullable [] valueBias,
            float @Nullable [] queryNorm,
            float @Nullable [] keyNorm,
            PackedMatrix attentionOutput,
            float[] feedForwardNorm,
            PackedMatrix gate,
            PackedMatrix up,
            PackedMatrix down) {}

    final @Nullable PackedMatrix embedding;
    final List<Block> blocks;
    final float @Nullable [] outputNorm;
    final @Nullable PackedMatrix output;
    final Workers workers;
    final ReentrantLock turn;
    final Workspace workspace;

    /** Null if this stage computes all rows. */
    final @Nullable Sharing sharing;

    /** The shape of what is computed here. */
    final ModelConfig local;

    private final ModelConfig config;
    private final StageSpec spec;
    private final float[] rotaryFactors;
    private final Arena arena = Arena.ofShared();
    private final long weightBytes;
    private final KeyValuePages.Shape pageShape;
    private final PageBudget budget;
    private final CpuStep step;
    private RotaryTable rotary;
    private int rotaryPositions;

    CpuStage(
            ModelConfig config,
            StageSpec spec,
            StageLimits limits,
            StageTensors tensors,
            Workers workers,
            ReentrantLock turn,
            @Nullable Sharing sharing) {
        this.config = config;
        this.sharing = sharing;
        this.local = sharing == null ? config : sharing.local();
        this.spec = spec;
        this.workers = workers;
        this.turn = turn;
        this.rotaryFactors = tensors.rotaryFactors();
        rotaryPositions = Math.min(FIRST_POSITIONS, config.contextLength());
        rotary = rotaryTable(rotaryPositions);
        var packing = new Packing();
        try {
            embedding = packing.matrixOrNull(tensors.embedding());
            var packed = new ArrayList<Block>();
            for (var block : tensors.blocks()) {
                packed.add(packing.block(block));
            }
            blocks = List.copyOf(packed);
            outputNorm = tensors.outputNorm();
            GgufTensor head = tensors.output();
            boolean tied = head != null && head.equals(tensors.embedding());
            output = tied ? embedding : packing.matrixOrNull(head);
        } catch (RuntimeException | Error failed) {
            arena.close();
            throw failed;
        }
        weightBytes = packing.bytes;
        workspace = new Workspace(local, blocks, output, workers.size());
        pageShape = new KeyValuePages.Shape(blocks.size(), local.kvHeads(), local.headDimension());
        budget = new PageBudget(pageShape.pageBytes(), limits);
        step = new CpuStep(this);
    }

    private final class Packing {
        private long bytes;

        PackedMatrix matrix(GgufTensor tensor) {
            var matrix = PackedMatrix.of(tensor, arena, workers);
            bytes += matrix.data.byteSize();
            return matrix;
        }

        @Nullable
        PackedMatrix matrixOrNull(@Nullable GgufTensor tensor) {
            return tensor == null ? null : matrix(tensor);
        }

        Block block(StageTensors.Block block) {
            return new Block(
                    block.attentionNorm(),
                    matrix(block.query()),
                    block.queryBias(),
                    matrix(block.key()),
                    block.keyBias(),
                    matrix(block.value()),
                    block.valueBias(),
                    block.queryNorm(),
                    block.keyNorm(),
                    matrix(block.attentionOutput()),
                    block.feedForwardNorm(),
                    matrix(block.gate()),
                    matrix(block.up()),
                    matrix(block.down()));
        }
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public StageSpec spec() {
        return spec;
    }

    @Override
    public long weightBytes() {
        return weightBytes;
    }

    @Override
    public StageSession open(int maxPositions) {
        if (maxPositions < 1) {
            throw new IllegalArgumentException("expected room for at least one position, found " + maxPositions);
        }
        return new CpuSession(this, maxPositions, new KeyValuePages(pageShape, budget));
    }

    @Override
    public long cacheBytes() {
        return budget.usedBytes();
    }

    @Override
    public long cachePageBytes() {
        return budget.pageBytes();
    }

    @Override
    public List<StageOutput> forward(List<Work> batch) {
        turn.lock();
        try {
            check(batch);
            reserve(batch);
            List<StageOutput> outputs = step.run(batch);
            for (Work work : batch) {
                ((CpuSession) work.session()).position += work.input().positions();
            }
            return outputs;
        } finally {
            turn.unlock();
        }
    }

    private void check(List<Work> batch) {
        var seen = Collections.newSetFromMap(new IdentityHashMap<StageSession, Boolean>());
        for (Work work : batch) {
            if (!(work.session() instanceof CpuSession session) || session.stage != this) {
                throw new IllegalArgumentException("expected sessions of this stage, found one of another");
            }
            if (!seen.add(session)) {
                throw new IllegalArgumentException("expected each session once in a batch, found one twice");
            }
            StageChecks.input(work.input(), config, spec, session.position, session.maxPositions);
        }
    }

    /** Takes the pages that the batch needs, all or none, and brings suspended sessions back. */
    private void reserve(List<Work> batch) {
        budget.take(missingPages(batch));
        try {
            for (Work work : batch) {
                var session = (CpuSession) work.session();
                session.pages.reserve(session.position + work.input().positions());
            }
        } catch (RuntimeException | Error failed) {
            budget.giveBack(missingPages(batch));
            throw failed;
        }
    }

    private static long missingPages(List<Work> batch) {
        long missing = 0;
        for (Work work : batch) {
            var session = (CpuSession) work.session();
            missing += session.pages.missing(session.position + work.input().positions());
        }
        return missing;
    }

    /** A table that has at least {@code positions} positions; called by the holder of the turn. */
    RotaryTable rotary(int positions) {
        if (positions > rotaryPositions) {
            rotaryPositions = Math.max(positions, 2 * rotaryPositions);
            rotary = rotaryTable(rotaryPositions);
        }
        return rotary;
    }

    private RotaryTable rotaryTable(int positions) {
        return Rotary.table(config, rotaryFactors, positions);
    }

    @Override
    public void close() {
        turn.lock();
        try {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        } finally {
            turn.unlock();
        }
    }
}
