package io.infergrid.compute.conformance;

/** Which backend the user wants. */
public enum BackendPreference {
    /** A Vulkan device that computes IG1, else the processor. */
    AUTO,
    CPU,
    VULKAN
}
