package io.infergrid.compute.vulkan;

import io.infergrid.compute.engine.Stage;
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
import org.jspecify.annotations.Nullable;

/** A stage's weights on the device. */
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

    private VulkanStage(VulkanDevice device, Tuning tuning, ModelConfig config, StageSpec spec, StageTensors tensors) {
        this.device = device;
        this.tuning = tuning;
        this.config = config;
        this.spec = spec;
        this.rotaryFactors = tensors.rotaryFactors();
    }

    static VulkanStage load(
            VulkanDevice device, Tuning tuning, ModelConfig config, StageSpec spec, StageTensors tensors) {
        var stage = new VulkanStage(device, tuning, config, spec, tensors);
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
    public StageSession open(int maxPositions) {
        return VulkanSession.open(this, maxPositions);
    }

    @Override
    public void close() {
        Owned.closeAll(owned);
    }
}
