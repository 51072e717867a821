package io.infergrid.compute.conformance;

import io.infergrid.compute.engine.Backend;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.function.BooleanSupplier;

/**
 * The table that tells whether a backend computes IG1: operations on seeded inputs and small whole models, each with the
 * SHA-256 that its output bytes must have. The expected digests are those of the naive reference, and ship as a resource; a
 * change of the arithmetic is a new version of the table.
 */
public final class Conformance {

    /** Version of the expected digests. */
    public static final int TABLE_VERSION = 3;

    private static final String RESOURCE = "conformance-" + TABLE_VERSION + ".properties";

    private Conformance() {}

    /** Runs the whole table. An operation that fails is a result, not an exception. */
    public static ConformanceReport run(Backend backend) {
        return run(backend, () -> false, (operation, fraction) -> {});
    }

    /** Told before each operation, with the fraction of the table that is done. */
    public interface Listener {
        void progress(String operation, double fraction);
    }

    /**
     * Runs the table; after {@code cancelled} says true the rest counts as not found.
     *
     * @param listener called by the thread that runs the table
     */
    public static ConformanceReport run(Backend backend, BooleanSupplier cancelled, Listener listener) {
        long start = System.nanoTime();
        Properties expected = expected();
        var results = new ArrayList<ConformanceReport.Result>();
        List<Operation> table = Operation.table();
        MessageDigest total = sha256();
        for (Operation operation : table) {
            listener.progress(operation.name(), (double) results.size() / table.size());
            var result = cancelled.getAsBoolean()
                    ? new ConformanceReport.Result(operation.name(), "-", "", "cancelled")
                    : run(backend, operation, expected.getProperty(operation.name(), "-"));
            total.update(HexFormat.of().parseHex(result.found()));
            results.add(result);
        }
        return new ConformanceReport(
                TABLE_VERSION,
                backend.name(),
                backend.device(),
                results,
                HexFormat.of().formatHex(total.digest()),
                Duration.ofNanos(System.nanoTime() - start));
    }

    private static ConformanceReport.Result run(Backend backend, Operation operation, String expected) {
        try {
            MessageDigest digest = sha256();
            operation.run(backend, digest::update);
            return new ConformanceReport.Result(
                    operation.name(), expected, HexFormat.of().formatHex(digest.digest()), null);
        } catch (RuntimeException e) {
            // whatever a driver throws at a kernel is this device's answer
            return new ConformanceReport.Result(operation.name(), expected, "", String.valueOf(e.getMessage()));
        }
    }

    private static Properties expected() {
        var properties = new Properties();
        try (InputStream in = Conformance.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException("expected " + RESOURCE + " in the engine's jar, found none");
            }
            properties.load(in);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read " + RESOURCE, e);
        }
        return properties;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("expected SHA-256 in every JDK", e);
        }
    }
}
