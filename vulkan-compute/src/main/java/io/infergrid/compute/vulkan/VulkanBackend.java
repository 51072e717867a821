package io.infergrid.compute.vulkan;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.model.ModelConfig;

/** Runs stages on a Vulkan device. Several sessions may run at once; their steps take turns on the device's queue. */
public final class VulkanBackend implements Backend {

    private final VulkanInstance instance;
    private final VulkanDevice device;
    private final Tuning tuning;

    private VulkanBackend(VulkanInstance instance, VulkanDevice device, Tuning tuning) {
        this.instance = instance;
        this.device = device;
        this.tuning = tuning;
    }

    /**
     * Opens the best device of this machine.
     *
     * @throws VulkanException if there is none that the engine can use; the message says why
     */
    public static VulkanBackend open() {
        return open(VulkanInstance.open(VulkanInstance.Validation.OFF));
    }

    /** Opens the best device of an instance, which the backend closes with itself, or at once if there is no device. */
    public static VulkanBackend open(VulkanInstance instance) {
        try {
            VulkanDevice device = instance.openBest();
            return new VulkanBackend(instance, device, Tuning.of(device.facts()));
        } catch (RuntimeException e) {
            instance.close();
            throw e;
        }
    }

    /** The same device with kernels cut in another way. Close only one of the two. */
    public VulkanBackend withTuning(Tuning other) {
        return new VulkanBackend(instance, device, other);
    }

    @Override
    public String name() {
        return "vulkan";
    }

    @Override
    public String device() {
        return device.facts().name();
    }

    /** What the device says of itself. */
    public DeviceFacts facts() {
        return device.facts();
    }

    VulkanDevice vulkanDevice() {
        return device;
    }

    @Override
    public Stage load(TensorSource model, StageSpec spec) {
        return load(model, spec, StageLimits.NONE);
    }

    /**
     * @throws VulkanException if the device's memory does not suffice, or for a model whose heads are not a multiple of four
     *     elements
     */
    @Override
    public Stage load(TensorSource model, StageSpec spec, StageLimits limits) {
        ModelConfig config = ModelConfig.of(model.metadata());
        if (config.headDimension() % 4 != 0) {
            throw new VulkanException(
                    "expected heads of a multiple of 4 elements on a Vulkan device, found " + config.headDimension());
        }
        return VulkanStage.load(device, tuning, config, spec, limits, StageTensors.of(model, config, spec));
    }

    @Override
    public void close() {
        device.close();
        instance.close();
    }
}
