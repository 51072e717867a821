package io.infergrid.compute.benchmark;

import io.infergrid.compute.conformance.ConformanceReport;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a benchmark found.
 *
 * @param backend {@code vulkan}, {@code cpu}
 * @param figures medians by key, in the order in which they were measured; the last part of a key is the unit, e.g.
 *     {@code memory.read.GBps}, {@code matrix.q8_0.GMACps}, {@code demo.decode.tokensPerSecond}
 * @param skipped why, by key, for figures that this device or model does not have or that would take too long
 * @param conformance of the same device in the same run
 */
public record BenchmarkReport(
        String backend,
        Device device,
        Map<String, Double> figures,
        Map<String, String> skipped,
        ConformanceReport conformance,
        Duration took) {

    /**
     * The device that was measured.
     *
     * @param name in the driver's words
     * @param kind {@code discrete}, {@code integrated}, {@code cpu}, ...
     * @param driver name and version
     * @param memoryBytes of the device
     * @param budgetBytes that this process can use of it now, or -1 if unknown
     * @param uuid of the device, or empty
     * @param link to the processor, e.g. {@code PCIe 4.0 x16}, or {@code unknown}; empty for the processor itself
     * @param nvLink to other cards, e.g. {@code 4 links of NVLink 3, 25.0 GB/s each way on each}, {@code none} or {@code unknown};
     *     empty for what is not NVIDIA's
     */
    public record Device(
            String name,
            String kind,
            String driver,
            long memoryBytes,
            long budgetBytes,
            String uuid,
            String link,
            String nvLink) {}

    public BenchmarkReport {
        figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
        skipped = Collections.unmodifiableMap(new LinkedHashMap<>(skipped));
    }

    /**
     * A name for this hardware with this driver and what it computes: SHA-256, in hex, over the backend, what the device says of
     * itself and the conformance digest. The same in every run, until one of them changes.
     */
    public String signature() {
        String facts = String.join(
                "\n",
                backend,
                device.name(),
                device.kind(),
                device.driver(),
                Long.toString(device.memoryBytes()),
                device.uuid(),
                conformance.digest());
        try {
            var sha = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha.digest(facts.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("expected every Java to have SHA-256", e);
        }
    }
}
