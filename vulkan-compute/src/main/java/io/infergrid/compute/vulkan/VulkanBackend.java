package io.infergrid.compute.vulkan;

import io.infergrid.compute.conformance.Conformance;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.model.ModelConfig;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs stages on a Vulkan device. Several sessions may run at once; their steps take turns on the device's queue. */
public final class VulkanBackend implements Backend {

    /** The device in use, which another takes the place of when it is lost; shared by backends of other tunings. */
    private static final class Opened {

        private final VulkanInstance instance;
        private VulkanDevice device;

        Opened(VulkanInstance instance, VulkanDevice device) {
            this.instance = instance;
            this.device = device;
        }

        synchronized VulkanDevice device() {
            return device;
        }

        /** Opens the device anew unless that has happened already. */
        synchronized void replace(VulkanDevice lost) {
            if (device == lost) {
                VulkanDevice again = instance.open(lost.facts());
                again.limitMemory(lost.memoryLimit());
                device = again;
                lost.retire();
            }
        }

        synchronized void close() {
            device.close();
            instance.close();
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(VulkanBackend.class);

    private final Opened opened;
    private final Tuning tuning;

    private VulkanBackend(Opened opened, Tuning tuning) {
        this.opened = opened;
        this.tuning = tuning;
    }

    /**
     * Opens the best device of this machine.
     *
     * @throws VulkanException if there is none that the engine can use; the message says why
     */
    public static VulkanBackend open() {
        return open(DeviceChoice.BEST);
    }

    /**
     * Opens a device of this machine.
     *
     * @throws VulkanException if there is none that was chosen, or the engine cannot use it; the message says why
     */
    public static VulkanBackend open(DeviceChoice choice) {
        return open(VulkanInstance.open(VulkanInstance.Validation.OFF), choice);
    }

    /** Opens the best device of an instance, which the backend closes with itself, or at once if there is no device. */
    public static VulkanBackend open(VulkanInstance instance) {
        return open(instance, DeviceChoice.BEST);
    }

    /** The same with a device that is chosen. */
    public static VulkanBackend open(VulkanInstance instance, DeviceChoice choice) {
        try {
            VulkanDevice device = instance.open(choice.among(instance.devices()));
            var backend = new VulkanBackend(new Opened(instance, device), Tuning.of(device.facts()));
            return backend.tried(tried -> Conformance.run(tried).passed());
        } catch (RuntimeException e) {
            instance.close();
            throw e;
        }
    }

    /**
     * This backend, or if it uses the device's matrix units and they give other bits than IG1 (or end the device), one that does
     * without them: every step of one token does, and what does not is {@link Conformance}'s to find.
     */
    VulkanBackend tried(Predicate<Backend> conformant) {
        if (!tuning.tiles().cooperative() || conformant.test(this)) {
            return this;
        }
        LOG.warn("{}: its matrix units do not compute IG1 and are not used", device());
        opened.replace(vulkanDevice());
        return withTuning(tuning.withTiles(MatrixTiles.NONE));
    }

    Tuning tuning() {
        return tuning;
    }

    /** The same device with kernels cut in another way. Close only one of the two. */
    public VulkanBackend withTuning(Tuning other) {
        return new VulkanBackend(opened, other);
    }

    @Override
    public String name() {
        return "vulkan";
    }

    @Override
    public String device() {
        return facts().name();
    }

    /** What the device says of itself. */
    public DeviceFacts facts() {
        return vulkanDevice().facts();
    }

    VulkanDevice vulkanDevice() {
        return opened.device();
    }

    /** Bytes of the device's memory that can still be taken; see {@link VulkanDevice#freeBytes}. */
    public long freeBytes() {
        return vulkanDevice().freeBytes();
    }

    /** Sets the most that this process takes of the device's memory; what it has taken already stays. */
    public void limitMemory(long bytes) {
        vulkanDevice().limitMemory(bytes);
    }

    /**
     * Bytes of device memory that a stage takes: its weights, one step of several tokens, a page of keys and values. Reads no
     * weights.
     */
    public long bytesNeeded(TensorSource model, StageSpec spec) {
        ModelConfig config = ModelConfig.of(model.metadata());
        return StageMemory.of(StageTensors.of(model, config, spec), config, spec, tuning)
                .bytes();
    }

    @Override
    public Stage load(TensorSource model, StageSpec spec) {
        return load(model, spec, StageLimits.NONE);
    }

    /**
     * @throws VulkanException before anything is read if the device's memory does not suffice, or for a model whose heads are not a multiple of four
     *     elements
     */
    @Override
    public Stage load(TensorSource model, StageSpec spec, StageLimits limits) {
        ModelConfig config = ModelConfig.of(model.metadata());
        if (config.headDimension() % 4 != 0) {
            throw new VulkanException(
                    "expected heads of a multiple of 4 elements on a Vulkan device, found " + config.headDimension());
        }
        VulkanDevice device = vulkanDevice();
        StageTensors tensors = StageTensors.of(model, config, spec);
        long needed = StageMemory.of(tensors, config, spec, tuning).bytes();
        long free = device.freeBytes();
        if (needed > free) {
            throw new VulkanException("expected " + needed + " bytes of memory left on " + device() + " for blocks ["
                    + spec.firstBlock() + ", " + spec.endBlock() + "), found " + free);
        }
        return VulkanStage.load(device, tuning, config, spec, limits, tensors);
    }

    /** See {@link RecoveringStage}. */
    @Override
    public Stage loadRecovering(TensorSource model, StageSpec spec, StageLimits limits) {
        return new RecoveringStage(new RecoveringStage.Loader() {
            @Override
            public Stage load() {
                VulkanDevice device = vulkanDevice();
                try {
                    return VulkanBackend.this.load(model, spec, limits);
                } catch (VulkanException e) {
                    if (e.deviceLost()) {
                        opened.replace(device);
                    }
                    throw e;
                }
            }

            @Override
            public void recover(Stage lost) {
                opened.replace(((VulkanStage) lost).device());
            }
        });
    }

    @Override
    public void close() {
        opened.close();
    }
}
