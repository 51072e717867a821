package io.infergrid.compute.cpu;

import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.slice.SliceExchange;
import io.infergrid.compute.slice.SlicePlan;
import io.infergrid.compute.slice.SlicingBackend;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Runs stages on the processor's vector units, with a fixed number of threads that all stages share: calls of several
 * sessions take turns. The bytes do not depend on the number of threads or the width of the vectors.
 */
public final class CpuBackend implements SlicingBackend {

    private final Workers workers;

    /** Held while the workers are in use. */
    private final ReentrantLock turn = new ReentrantLock();

    /** A backend with a thread for each processor that the JVM sees. */
    public CpuBackend() {
        this(Runtime.getRuntime().availableProcessors());
    }

    /** @param threads that compute, the calling one among them */
    public CpuBackend(int threads) {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("expected 1 to 1024 threads, found " + threads);
        }
        workers = new Workers(threads);
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public String device() {
        return System.getProperty("os.arch") + ", " + Lanes.FLOATS.vectorBitSize() + "-bit vectors, " + workers.size()
                + (workers.size() == 1 ? " thread" : " threads");
    }

    @Override
    public Stage load(TensorSource model, StageSpec spec) {
        return load(model, spec, StageLimits.NONE);
    }

    @Override
    public Stage load(TensorSource model, StageSpec spec, StageLimits limits) {
        ModelConfig config = ModelConfig.of(model.metadata());
        var tensors = StageTensors.of(model, config, spec);
        turn.lock();
        try {
            return new CpuStage(config, spec, limits, tensors, workers, turn, null);
        } finally {
            turn.unlock();
        }
    }

    @Override
    public Stage loadSlice(
            TensorSource model,
            StageSpec spec,
            StageLimits limits,
            SlicePlan plan,
            int member,
            SliceExchange exchange) {
        if (spec.embedding()) {
            throw new IllegalArgumentException("expected a slice of a stage without embedding, found " + spec);
        }
        ModelConfig config = ModelConfig.of(model.metadata());
        if (!config.equals(plan.config())) {
            throw new IllegalArgumentException("expected a plan for the model's shape, found one for another");
        }
        var tensors = plan.tensors(StageTensors.of(model, config, spec), member);
        var sharing = new Sharing(plan, member, exchange);
        turn.lock();
        try {
            return new CpuStage(config, spec, limits, tensors, workers, turn, sharing);
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void close() {
        workers.close();
    }
}
