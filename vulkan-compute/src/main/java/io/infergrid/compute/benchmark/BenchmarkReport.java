package io.infergrid.compute.benchmark;

import io.infergrid.compute.conformance.ConformanceReport;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a benchmark found.
 *
 * @param backend {@code vulkan}, {@code cpu}
 * @param figures medians by key, in the order in which they were measured; the last part of a key is the unit, e.g.
 *     {@code memory.read.GBps}, {@code matrix.q8_0.GMACps}, {@code demo.decode.tokensPerSecond}
 * @param conformance of the same device in the same run
 */
public record BenchmarkReport(
        String backend, Device device, Map<String, Double> figures, ConformanceReport conformance, Duration took) {

    /**
     * The device that was measured.
     *
     * @param name in the driver's words
     * @param kind {@code discrete}, {@code integrated}, {@code cpu}, ...
     * @param driver name and version
     * @param memoryBytes of the device
     * @param budgetBytes that this process can use of it now, or -1 if unknown
     */
    public record Device(String name, String kind, String driver, long memoryBytes, long budgetBytes) {}

    public BenchmarkReport {
        figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
    }
}
