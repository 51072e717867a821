package io.infergrid.compute.vulkan;

import java.util.List;

/**
 * What a Vulkan device says of itself.
 *
 * @param name e.g. {@code llvmpipe (LLVM 15.0.6, 256 bits)}
 * @param driver name and version in the driver's words
 * @param apiVersion highest Vulkan version, e.g. {@code 1.3.230}
 * @param vendorId PCI vendor
 * @param deviceId PCI device
 * @param uuid 32 hex digits; stays the same over restarts, unlike an index
 * @param heaps memory heaps, as the driver lists them
 * @param maxTexelBufferElements elements of the largest texel buffer
 * @param maxStorageBufferBytes bytes of a storage buffer that a kernel can see
 * @param subgroupSize invocations that run together
 * @param nanosecondsPerTick of the queue's timestamps; 0 if it has none
 * @param integerDots whether four int8 products are one instruction (VK_KHR_shader_integer_dot_product)
 * @param matrixTiles what its matrix units can do of matrices times many tokens (VK_KHR_cooperative_matrix)
 * @param pciAddress as the system writes it, e.g. {@code 0000:01:00.0}; empty if the driver does not tell or there is none
 * @param missing what the engine needs and this device lacks, in words; empty if the device can be used
 */
public record DeviceFacts(
        String name,
        DeviceKind kind,
        String driver,
        String apiVersion,
        int vendorId,
        int deviceId,
        String uuid,
        List<Heap> heaps,
        long maxTexelBufferElements,
        long maxStorageBufferBytes,
        int subgroupSize,
        float nanosecondsPerTick,
        IntegerDots integerDots,
        MatrixTiles matrixTiles,
        String pciAddress,
        List<String> missing) {

    public DeviceFacts {
        heaps = List.copyOf(heaps);
        missing = List.copyOf(missing);
    }

    /**
     * One memory heap.
     *
     * @param sizeBytes of the heap
     * @param budgetBytes that this process can use now (VK_EXT_memory_budget), or -1 if the driver does not tell
     * @param deviceLocal true for the device's own memory
     */
    public record Heap(long sizeBytes, long budgetBytes, boolean deviceLocal) {}

    /** What a device makes of products of packed int8. */
    public enum IntegerDots {
        ABSENT,
        /** Offered, but made of other instructions: no faster than these. */
        EMULATED,
        ACCELERATED
    }

    public boolean usable() {
        return missing.isEmpty();
    }

    /** Bytes of the largest device-local heap. */
    public long deviceMemoryBytes() {
        return heaps.stream()
                .filter(Heap::deviceLocal)
                .mapToLong(Heap::sizeBytes)
                .max()
                .orElse(0);
    }
}
