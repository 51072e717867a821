package io.infergrid.compute.conformance;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a run of the conformance table found.
 *
 * @param tableVersion of the expected digests
 * @param backend name of the backend, e.g. {@code vulkan}
 * @param device the device in words
 * @param results one an operation, in the table's order
 * @param digest hex SHA-256 over all results found; the same on every device that computes IG1
 */
public record ConformanceReport(
        int tableVersion, String backend, String device, List<Result> results, String digest, Duration took) {

    /**
     * One line of the table.
     *
     * @param expected hex SHA-256 of the operation's output bytes
     * @param found the same of this device's, or empty if it failed
     * @param failure why there is nothing found, or null
     */
    public record Result(
            String operation,
            String expected,
            String found,
            @Nullable String failure) {

        public boolean passed() {
            return expected.equals(found);
        }
    }

    public ConformanceReport {
        results = List.copyOf(results);
    }

    /** True if the device may call itself {@code IG1}. */
    public boolean passed() {
        return results.stream().allMatch(Result::passed);
    }

    /** One sentence for a person. */
    public String summary() {
        String table = "the IG1 table, version " + tableVersion;
        if (passed()) {
            return device + " gives the same bytes in all " + results.size() + " operations of " + table;
        }
        String failed = results.stream()
                .filter(result -> !result.passed())
                .map(result -> result.failure() == null
                        ? result.operation()
                        : result.operation() + " (" + result.failure() + ")")
                .collect(Collectors.joining(", "));
        return device + " differs from " + table + " in: " + failed;
    }
}
