package io.infergrid.compute.vulkan;

import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes of device memory that a stage takes, before it is loaded.
 *
 * @param weightBytes of its matrices and vectors, as they are packed
 * @param stepBytes of what a step of several tokens keeps between its kernels, for short sessions
 * @param pageBytes of the keys and values of 32 positions
 */
record StageMemory(long weightBytes, long stepBytes, long pageBytes) {

    static StageMemory of(StageTensors tensors, ModelConfig config, StageSpec spec, Tuning tuning) {
        long weights = 0;
        for (StageTensors.Block block : tensors.blocks()) {
            for (GgufTensor matrix : List.of(
                    block.query(),
                    block.key(),
                    block.value(),
                    block.attentionOutput(),
                    block.gate(),
                    block.up(),
                    block.down())) {
                weights += DeviceMatrix.bytes(matrix);
            }
            weights += 4L * (2 * config.dimension() + config.queryDimension() + 2 * config.keyValueDimension());
        }
        if (tensors.output() != null) {
            weights += DeviceMatrix.bytes(tensors.output());
        }
        long cached = (tuning.wideCache() ? 4L : 2L) * KeyValuePool.PAGE_POSITIONS * config.keyValueDimension();
        return new StageMemory(weights, stepBytes(config, spec, tuning), 2 * cached * spec.blocks());
    }

    private static long stepBytes(ModelConfig config, StageSpec spec, Tuning tuning) {
        var columns = new ArrayList<Long>();
        columns.add(3L * config.dimension()); // input, residual stream, and the sum after attention
        columns.add(2L * (config.queryDimension() + 2L * config.keyValueDimension()));
        columns.add(4L * config.feedForward());
        columns.add(2L * (spec.head() ? config.vocabulary() : config.dimension()));
        long perToken = 4 * columns.stream().mapToLong(Long::longValue).sum();
        long attention =
                AttentionScratch.bytesPerToken(VulkanStage.FEWEST_POSITIONS, config.heads(), config.headDimension());
        return tuning.tokensPerStep() * (perToken + attention);
    }

    /** What a stage takes at least. */
    long bytes() {
        return weightBytes + stepBytes + pageBytes;
    }
}
