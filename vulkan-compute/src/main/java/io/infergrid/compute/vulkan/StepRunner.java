package io.infergrid.compute.vulkan;

import io.infergrid.compute.engine.Rotary;
import io.infergrid.compute.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs steps of a stage: up to {@link #tokensPerStep} tokens of any of its sessions, each at its own position. A step is one
 * sequence of commands, recorded when first needed and replayed from then on; the host writes the step's input and its
 * parameters and reads the result, nothing in between. Guarded by its stage.
 */
final class StepRunner implements AutoCloseable {

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final long MOST_SCRATCH_BYTES = 64L << 20;

    /** How much faster a device must be than it was thought to be for a sequence to be cut into fewer submissions. */
    private static final long RECORDED_ANEW = 4;

    /** What a sequence was recorded for: at most so many tokens, and so many of them whose logits are read back. */
    private record Shape(int tokens, int headRows) {}

    /** What is replayed, and what the host writes for it each time. */
    private record Recorded(CommandSequence commands, AttentionPieces pieces) {}

    private final VulkanStage stage;
    private final ModelConfig config;
    private final KeyValuePool pool;
    private final int positions;
    private final int tokensPerStep;
    private final int pages;
    // freed last first
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();

    private final DeviceBuffer parameters;
    private final DeviceBuffer step;
    private final DeviceBuffer pieces;
    private final DeviceBuffer input;
    private final DeviceBuffer output;
    private final DeviceBuffer x;
    private final StepRecorder recorder;
    private final Map<Shape, Recorded> recorded = new HashMap<>();
    private int generation;

    /**
     * @param positions most that a session of a step may have
     */
    StepRunner(VulkanStage stage, KeyValuePool pool, int positions) {
        this.stage = stage;
        this.config = stage.config();
        this.pool = pool;
        this.positions = positions;
        generation = pool.generation();
        tokensPerStep = tokensPerStep();
        pages = tokensPerStep * ((positions + KeyValuePool.PAGE_POSITIONS - 1) / KeyValuePool.PAGE_POSITIONS);
        VulkanDevice device = stage.device();
        long vectorBytes = 4L * config.dimension();
        try {
            parameters = own(device.buffer(StepParameters.bytes(pages), DeviceMemory.Place.UPLOAD));
            step = own(device.zeroed(StepParameters.bytes(pages)));
            pieces = own(device.buffer(AttentionPieces.bytes(positions), DeviceMemory.Place.UPLOAD));
            input = own(device.buffer(tokensPerStep * vectorBytes, DeviceMemory.Place.UPLOAD));
            long outputBytes = stage.spec().head() ? 4L * config.vocabulary() : vectorBytes;
            output = own(device.buffer(tokensPerStep * outputBytes, DeviceMemory.Place.READBACK));
            x = own(device.zeroed(tokensPerStep * vectorBytes));
            recorder = own(new StepRecorder(stage, positions, tokensPerStep, step, pieces, x, rotary()));
        } catch (RuntimeException e) {
            Owned.closeAll(owned);
            throw e;
        }
    }

    private <T extends AutoCloseable> T own(T part) {
        owned.push(part);
        return part;
    }

    private int tokensPerStep() {
        long perToken = AttentionScratch.bytesPerToken(positions, config.heads(), config.headDimension());
        long fits = Math.max(1, MOST_SCRATCH_BYTES / perToken);
        return (int) Math.min(stage.tuning().tokensPerStep(), fits);
    }

    /** [position][pair] of cos, sin. */
    private DeviceBuffer rotary() {
        var table = Rotary.table(config, stage.rotaryFactors(), positions);
        long bytes = 8L * table.cos().length;
        var buffer = own(stage.device().buffer(bytes, DeviceMemory.Place.DEVICE));
        stage.device().upload(buffer, 0, bytes, to -> {
            for (int i = 0; i < table.cos().length; i++) {
                to.setAtIndex(FLOAT, 2L * i, table.cos()[i]);
                to.setAtIndex(FLOAT, 2L * i + 1, table.sin()[i]);
            }
        });
        return buffer;
    }

    int positions() {
        return positions;
    }

    /** Most tokens that {@link #run} takes. */
    int mostTokens() {
        return tokensPerStep;
    }

    /** Where token {@code i} of the next step goes as a vector of the model's dimension. */
    void write(int token, float[] vector) {
        MemorySegment.copy(vector, 0, input.mapped(), FLOAT, 4L * token * vector.length, vector.length);
    }

    /** Runs a step over the vectors that {@link #write} was given. */
    void run(List<StepParameters.Token> tokens, List<Integer> headRows, int[] pageTable) {
        var now = new StepParameters(tokens, headRows, pageTable);
        now.write(parameters.mapped());
        Recorded replay = recorded(new Shape(capacity(tokens.size()), capacity(headRows.size())));
        replay.pieces().write(pieces.mapped(), now.chunks(), config.heads(), tokens.size());
        replay.commands().run(tokens.size(), now.chunks());
    }

    private Recorded recorded(Shape wanted) {
        if (generation != pool.generation()) {
            forget();
            generation = pool.generation();
        }
        long mostWork = mostWork(wanted);
        Recorded known = recorded.get(wanted);
        if (known != null) {
            long before = known.commands().mostWork();
            if (mostWork < before || mostWork / RECORDED_ANEW > before) {
                known.commands().close();
                recorded.remove(wanted);
            }
        }
        return recorded.computeIfAbsent(wanted, this::record);
    }

    private long mostWork(Shape wanted) {
        return Math.min(
                stage.tuning().mostWork(), stage.device().pace(wanted.tokens()).mostWork());
    }

    private int capacity(int count) {
        return count <= 1 ? count : tokensPerStep;
    }

    /** Logits of the step's head row {@code row}, or without a head the boundary of its token {@code row}. */
    float[] result(int row) {
        int columns = stage.spec().head() ? config.vocabulary() : config.dimension();
        var values = new float[columns];
        MemorySegment.copy(output.mapped(), FLOAT, 4L * row * columns, values, 0, columns);
        return values;
    }

    private Recorded record(Shape wanted) {
        long vectorBytes = 4L * config.dimension();
        long mostWork = mostWork(wanted);
        var cut = recorder.pieces(wanted.tokens(), mostWork);
        var sequence =
                new CommandSequence(stage.device(), stage.device().pace(wanted.tokens()), mostWork, wanted.tokens());
        try {
            sequence.copy(parameters, 0, step, 0, StepParameters.bytes(pages))
                    .copy(input, 0, x, 0, wanted.tokens() * vectorBytes);
            recorder.blocks(sequence, pool.caches(), cut, wanted.tokens());
            if (!stage.spec().head()) {
                sequence.barrier().copy(x, 0, output, 0, wanted.tokens() * vectorBytes);
            } else if (wanted.headRows() > 0) {
                recorder.head(sequence, wanted.headRows(), output);
            }
            return new Recorded(sequence.barrierToHost().end(), cut);
        } catch (RuntimeException e) {
            sequence.close();
            throw e;
        }
    }

    private void forget() {
        recorded.values().forEach(replay -> replay.commands().close());
        recorded.clear();
    }

    @Override
    public void close() {
        forget();
        Owned.closeAll(owned);
    }
}
