package io.infergrid.compute.vulkan;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.Rotary;
import io.infergrid.compute.engine.StageChecks;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.engine.Wire;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A session on the device. A step (one token, or several of a prefill) is one sequence of commands, recorded when first
 * needed and replayed from then on; the host writes the step's input and its parameters and reads the result, nothing in
 * between.
 */
final class VulkanSession implements StageSession {

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final long MOST_SCRATCH_BYTES = 64L << 20;

    private enum Result {
        NOTHING,
        BOUNDARY,
        LAST_LOGITS,
        ALL_LOGITS
    }

    /** What a sequence was recorded for: at most so many tokens, and what is read back. */
    private record Recorded(int tokens, Result result) {}

    private final VulkanStage stage;
    private final ModelConfig config;
    private final int maxPositions;
    private final int tokensPerStep;
    // freed last first
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();

    private final DeviceBuffer step;
    private final DeviceBuffer input;
    private final DeviceBuffer output;
    private final DeviceBuffer x;
    private final StepRecorder recorder;
    private final Map<Recorded, CommandSequence> sequences = new HashMap<>();
    private int position;

    private VulkanSession(VulkanStage stage, int maxPositions) {
        this.stage = stage;
        this.config = stage.config();
        this.maxPositions = maxPositions;
        tokensPerStep = tokensPerStep();
        VulkanDevice device = stage.device();
        long vectorBytes = 4L * config.dimension();
        try {
            step = own(device.buffer(StepParameters.BYTES, DeviceMemory.Place.UPLOAD));
            input = own(device.buffer(tokensPerStep * vectorBytes, DeviceMemory.Place.UPLOAD));
            long outputBytes = stage.spec().head() ? 4L * config.vocabulary() : vectorBytes;
            output = own(device.buffer(tokensPerStep * outputBytes, DeviceMemory.Place.READBACK));
            x = own(device.zeroed(tokensPerStep * vectorBytes));
            recorder = own(new StepRecorder(stage, maxPositions, tokensPerStep, step, x, rotary()));
        } catch (RuntimeException e) {
            Owned.closeAll(owned);
            throw e;
        }
    }

    static VulkanSession open(VulkanStage stage, int maxPositions) {
        if (maxPositions < 1) {
            throw new IllegalArgumentException("expected room for at least one position, found " + maxPositions);
        }
        return new VulkanSession(stage, maxPositions);
    }

    private <T extends AutoCloseable> T own(T part) {
        owned.push(part);
        return part;
    }

    private int tokensPerStep() {
        long perToken = AttentionScratch.bytesPerToken(maxPositions, config.heads(), config.headDimension());
        long fits = Math.max(1, MOST_SCRATCH_BYTES / perToken);
        return (int) Math.min(Math.min(stage.tuning().tokensPerStep(), maxPositions), fits);
    }

    /** [position][pair] of cos, sin. */
    private DeviceBuffer rotary() {
        var table = Rotary.table(config, stage.rotaryFactors(), maxPositions);
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
    public StageOutput forward(StageInput in, LogitsWanted wanted) {
        StageChecks.input(in, config, stage.spec(), position, maxPositions);
        int count = in.positions();
        boolean head = stage.spec().head();
        var logits = new ArrayList<float[]>();
        var wire = new byte[head ? 0 : count * config.dimension() * 2];
        for (int first = 0; first < count; ) {
            int tokens = Math.min(tokensPerStep, count - first);
            boolean last = first + tokens == count;
            Result result = !head
                    ? Result.BOUNDARY
                    : wanted == LogitsWanted.ALL ? Result.ALL_LOGITS : last ? Result.LAST_LOGITS : Result.NOTHING;
            writeInput(in, first, tokens);
            new StepParameters(position, tokens, tokens - 1, config.heads()).write(step.mapped());
            sequence(tokens, result).run();
            position += tokens;
            switch (result) {
                case NOTHING -> {}
                case BOUNDARY -> readBoundary(wire, first, tokens);
                case LAST_LOGITS -> logits.add(readFloats(0, config.vocabulary()));
                case ALL_LOGITS -> {
                    for (int i = 0; i < tokens; i++) {
                        logits.add(readFloats(i, config.vocabulary()));
                    }
                }
            }
            first += tokens;
        }
        return head
                ? new StageOutput.Logits(logits.toArray(float[][]::new))
                : new Boundary(count, config.dimension(), wire);
    }

    private void writeInput(StageInput in, int first, int tokens) {
        MemorySegment to = input.mapped();
        for (int i = 0; i < tokens; i++) {
            float[] vector = switch (in) {
                case StageInput.Tokens ids -> embed(ids.ids()[first + i]);
                case Boundary boundary -> Wire.read(boundary, first + i);
            };
            MemorySegment.copy(vector, 0, to, FLOAT, 4L * i * vector.length, vector.length);
        }
    }

    /** The embedding stays on the host: one row a token is all that a step reads of it. */
    private float[] embed(int token) {
        GgufTensor embedding = Objects.requireNonNull(stage.embedding());
        var vector = new float[config.dimension()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = Ig1.fromHalf(Ig1.toHalf(StageTensors.element(embedding, token, i)));
        }
        return vector;
    }

    private void readBoundary(byte[] wire, int first, int tokens) {
        for (int i = 0; i < tokens; i++) {
            Wire.write(readFloats(i, config.dimension()), wire, first + i);
        }
    }

    private float[] readFloats(int row, int columns) {
        var values = new float[columns];
        MemorySegment.copy(output.mapped(), FLOAT, 4L * row * columns, values, 0, columns);
        return values;
    }

    private CommandSequence sequence(int tokens, Result result) {
        return sequences.computeIfAbsent(
                new Recorded(tokens == 1 ? 1 : tokensPerStep, result), key -> own(record(key.tokens(), key.result())));
    }

    private CommandSequence record(int tokens, Result result) {
        long vectorBytes = 4L * config.dimension();
        var sequence = new CommandSequence(stage.device());
        try {
            sequence.copy(input, 0, x, 0, tokens * vectorBytes);
            recorder.blocks(sequence, tokens);
            switch (result) {
                case NOTHING -> {}
                case BOUNDARY -> sequence.barrier().copy(x, 0, output, 0, tokens * vectorBytes);
                case LAST_LOGITS -> recorder.head(sequence, 1, true, output);
                case ALL_LOGITS -> recorder.head(sequence, tokens, false, output);
            }
            return sequence.barrierToHost().end();
        } catch (RuntimeException e) {
            sequence.close();
            throw e;
        }
    }

    @Override
    public void close() {
        Owned.closeAll(owned);
    }
}
