package io.infergrid.app.core;

/**
 * The device that computes.
 *
 * @param name e.g. {@code NVIDIA GeForce RTX 4070} or {@code llvmpipe (LLVM 15.0.6, 256 bits)}
 * @param backend {@code vulkan} or {@code cpu}
 * @param memoryBytes device memory, or -1 if unknown
 * @param conformant whether it passed the IG1 conformance vectors
 * @param note why the backend is what it is, e.g. why it fell back to the CPU; empty if nothing to say
 */
public record DeviceView(String name, String backend, long memoryBytes, boolean conformant, String note) {}
