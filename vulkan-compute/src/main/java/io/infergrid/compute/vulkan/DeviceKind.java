package io.infergrid.compute.vulkan;

/** What a Vulkan device is made of, best first. */
public enum DeviceKind {
    DISCRETE,
    INTEGRATED,
    VIRTUAL,
    OTHER,
    /** A driver that runs shaders on the processor, e.g. lavapipe. */
    CPU;

    /** True where device memory is the host's memory. */
    public boolean sharesHostMemory() {
        return this == INTEGRATED || this == CPU;
    }
}
