package io.infergrid.compute.vulkan;

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
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A stage's weights on the device, and the steps that its sessions take, alone or together. */
final class VulkanStage implements Stage {

    /**
     * One transformer block.
     *
     * @param qkvBias [query, key, value], or null if the model has none
     * @param headNorms [query's, key's] weights of a head, or null if the model does not norm heads
     */
    record Block(
            DeviceBuffer attentionNorm,
            DeviceMatrix qkv,
            @Nullable DeviceBuffer qkvBias,
            @Nullable DeviceBuffer headNorms,
            DeviceMatrix attentionOutput,
            DeviceBuffer feedForwardNorm,
            DeviceMatrix gateUp,
            DeviceMatrix down) {}

    /** What a stage with the output head has. */
    record Head(DeviceBuffer norm, DeviceMatrix output) {}

    /** Positions that steps are prepared for at first. */
    static final int FEWEST_POSITIONS = 128;

    private final VulkanDevice device;
    private final Tuning tuning;
    private final ModelConfig config;
    private final StageSpec spec;
    private final float[] rotaryFactors;
    private @Nullable GgufTensor embedding;
    private final List<Block> blocks = new ArrayList<>();
    private @Nullable Head head;
    // freed last first
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final Object lock = new Object();
    private final KeyValuePool pool;
    private @Nullable StepRunner runner;
    private boolean closed;

    private VulkanStage(
            VulkanDevice device,
            Tuning tuning,
            ModelConfig config,
            StageSpec spec,
            StageLimits limits,
            StageTensors tensors) {
        this.device = device;
        this.tuning = tuning;
        this.config = config;
        this.spec = spec;
        this.rotaryFactors = tensors.rotaryFactors();
        pool = new KeyValuePool(device, spec.blocks(), config.keyValueDimension(), tuning.wideCache(), limits);
        owned.push(pool);
        device.use();
    }

    static VulkanStage load(
            VulkanDevice device,
            Tuning tuning,
            ModelConfig config,
            StageSpec spec,
            StageLimits limits,
            StageTensors tensors) {
        var stage = new VulkanStage(device, tuning, config, spec, limits, tensors);
        try {
            stage.upload(tensors);
            return stage;
        } catch (RuntimeException e) {
            stage.close();
            throw e;
        }
    }

    private void upload(StageTensors tensors) {
        GgufTensor source = tensors.embedding();
        embedding = source == null ? null : onHost(source);
        for (StageTensors.Block block : tensors.blocks()) {
            blocks.add(new Block(
                    vector(block.attentionNorm()),
                    matrix(block.query(), block.key(), block.value()),
                    bias(block),
                    headNorms(block),
                    matrix(block.attentionOutput()),
                    vector(block.feedForwardNorm()),
                    matrix(block.gate(), block.up()),
                    matrix(block.down())));
        }
        if (tensors.outputNorm() != null && tensors.output() != null) {
            head = new Head(vector(tensors.outputNorm()), matrix(tensors.output()));
        }
    }

    /** A copy in the host's memory, since the model's file may be closed once the stage is loaded. */
    private GgufTensor onHost(GgufTensor tensor) {
        StageTensors.requireFinite(tensor);
        var arena = Arena.ofShared();
        owned.push(arena);
        MemorySegment copy = arena.allocate(tensor.data().byteSize(), 16).copyFrom(tensor.data());
        return new GgufTensor(tensor.name(), tensor.type(), tensor.columns(), tensor.rows(), copy.asReadOnly());
    }

    private @Nullable DeviceBuffer bias(StageTensors.Block block) {
        float[] query = block.queryBias();
        float[] key = block.keyBias();
        float[] value = block.valueBias();
        if (query == null && key == null && value == null) {
            return null;
        }
        var all = new float[config.queryDimension() + 2 * config.keyValueDimension()];
        if (query != null) {
            System.arraycopy(query, 0, all, 0, query.length);
        }
        if (key != null) {
            System.arraycopy(key, 0, all, config.queryDimension(), key.length);
        }
        if (value != null) {
            System.arraycopy(value, 0, all, config.queryDimension() + config.keyValueDimension(), value.length);
        }
        return vector(all);
    }

    private @Nullable DeviceBuffer headNorms(StageTensors.Block block) {
        float[] query = block.queryNorm();
        float[] key = block.keyNorm();
        if (query == null || key == null) {
            return null;
        }
        var both = Arrays.copyOf(query, query.length + key.length);
        System.arraycopy(key, 0, both, query.length, key.length);
        return vector(both);
    }

    private DeviceMatrix matrix(GgufTensor... stacked) {
        var matrix = DeviceMatrix.upload(device, tuning, List.of(stacked));
        owned.push(matrix);
        return matrix;
    }

    private DeviceBuffer vector(float[] values) {
        var buffer = device.buffer(4L * values.length, DeviceMemory.Place.DEVICE);
        owned.push(buffer);
        device.upload(
                buffer,
                0,
                4L * values.length,
                to -> MemorySegment.copy(values, 0, to, ValueLayout.JAVA_FLOAT, 0, values.length));
        return buffer;
    }

    VulkanDevice device() {
        return device;
    }

    Tuning tuning() {
        return tuning;
    }

    float[] rotaryFactors() {
        return rotaryFactors;
    }

    @Nullable
    GgufTensor embedding() {
        return embedding;
    }

    List<Block> blocks() {
        return blocks;
    }

    @Nullable
    Head head() {
        return head;
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
        return owned.stream()
                .mapToLong(part -> switch (part) {
                    case DeviceMatrix matrix -> matrix.bytes();
                    case DeviceBuffer buffer -> buffer.bytes();
                    default -> 0;
                })
                .sum();
    }

    @Override
    public long cacheBytes() {
        synchronized (lock) {
            return pool.usedBytes();
        }
    }

    @Override
    public long cachePageBytes() {
        return pool.pageBytes();
    }

    @Override
    public StageSession open(int maxPositions) {
        if (maxPositions < 1) {
            throw new IllegalArgumentException("expected room for at least one position, found " + maxPositions);
        }
        return new VulkanSession(this, maxPositions);
    }

    /** Runs what touches the stage's cache while no step runs; a closed stage has none. */
    void exclusively(Consumer<KeyValuePool> work) {
        synchronized (lock) {
            if (!closed) {
                work.accept(pool);
            }
        }
    }

    @Override
    public List<StageOutput> forward(List<Work> batch) {
        List<BatchPart> parts = batch.stream().map(this::part).toList();
        if (parts.stream().map(BatchPart::session).distinct().count() < parts.size()) {
            throw new IllegalArgumentException("expected every session once in a batch, found one twice");
        }
        synchronized (lock) {
            if (closed) {
                throw new IllegalStateException("expected an open stage, found it closed");
            }
            for (BatchPart part : parts) {
                VulkanSession session = part.session();
                StageChecks.input(part.input(), config, spec, session.position(), session.maxPositions());
            }
            pool.reserve(parts.stream()
                    .mapToInt(part -> part.session().pagesNeeded(part.count()))
                    .sum());
            parts.forEach(part -> part.session().take(pool, part.count()));
            StepRunner steps = runner(parts);
            var waiting = new ArrayDeque<>(parts);
            while (!waiting.isEmpty()) {
                step(steps, waiting);
            }
            parts.forEach(part -> part.session().moveTo(part.session().position() + part.count()));
        }
        return parts.stream().map(BatchPart::output).toList();
    }

    private BatchPart part(Work work) {
        if (!(work.session() instanceof VulkanSession session) || session.stage() != this) {
            throw new IllegalArgumentException("expected sessions of this stage, found another one");
        }
        return new BatchPart(this, session, work.input(), work.wanted());
    }

    /** One step over as many tokens of the first parts as it takes; finished parts leave. */
    private void step(StepRunner steps, Deque<BatchPart> waiting) {
        var step = new BatchStep(steps, spec.head());
        while (!waiting.isEmpty() && step.add(waiting.getFirst())) {
            waiting.removeFirst();
        }
        step.run();
    }

    /** What runs steps, for positions as high as these parts have. */
    private StepRunner runner(List<BatchPart> parts) {
        int positions = parts.stream()
                .mapToInt(part -> part.session().position() + part.count())
                .max()
                .orElse(1);
        if (runner == null || runner.positions() < positions) {
            if (runner != null) {
                runner.close();
                runner = null;
            }
            runner = new StepRunner(this, pool, Math.max(FEWEST_POSITIONS, Integer.highestOneBit(positions - 1) * 2));
        }
        return runner;
    }

    @Override
    public void close() {
        synchronized (lock) {
            if (runner != null) {
                runner.close();
                runner = null;
            }
            Owned.closeAll(owned);
            if (!closed) {
                closed = true;
                device.release();
            }
        }
    }
}
