package io.infergrid.app.core;

import java.time.Instant;
import java.util.Map;

/**
 * One finished benchmark run, as stored.
 *
 * @param conformanceDigest hex SHA-256 over all conformance results
 * @param figures measured values by key with the unit in the key, e.g. {@code memory.read.GBps}, {@code demo.decode.tokensPerSecond}
 */
public record BenchmarkRecord(
        long id,
        Instant startedAt,
        String device,
        String backend,
        boolean conformant,
        String conformanceDigest,
        Map<String, Double> figures) {

    public BenchmarkRecord {
        figures = Map.copyOf(figures);
    }
}
