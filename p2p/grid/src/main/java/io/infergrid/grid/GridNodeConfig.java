package io.infergrid.grid;

import io.infergrid.libp2p.Multiaddr;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * How a node takes part in the grid. Start from {@link #defaults} and change what differs.
 *
 * @param shards folder for the shards of models; made if missing
 * @param roles what the node announces itself as
 * @param bootstrap addresses to join through, each ending in {@code /p2p/<id>}; empty for the first node
 * @param profile the arithmetic that the device was shown to reproduce, {@code IG1}
 * @param conformanceDigest hex digest of the conformance run behind {@code profile}, empty if none
 * @param announcePeriod time between two announcements (jitter of a tenth is added); what was not heard again for two periods (10 s at
 *     least) is forgotten
 * @param sessionLimit most sessions that this worker runs at once
 * @param kvBudgetBytes most bytes of KV cache over all sessions of this worker
 * @param sessionIdle a session without a frame for so long is closed
 * @param prefillChunk prompt positions that go through the pipeline in one frame
 * @param stepLimit longest time that a gateway waits for one token, or for one chunk of the prompt, before it gives a stage up
 * @param uploadLimit most peers that fetch shards from here at once
 */
public record GridNodeConfig(
        Path shards,
        Set<Role> roles,
        List<Multiaddr> bootstrap,
        String profile,
        String conformanceDigest,
        Duration announcePeriod,
        int sessionLimit,
        long kvBudgetBytes,
        Duration sessionIdle,
        int prefillChunk,
        Duration stepLimit,
        int uploadLimit) {

    /** Most positions of one boundary frame, whatever {@code prefillChunk} a gateway has. */
    public static final int MAX_CHUNK = 256;

    public GridNodeConfig {
        roles = Set.copyOf(roles);
        bootstrap = List.copyOf(bootstrap);
        if (prefillChunk < 1 || prefillChunk > MAX_CHUNK) {
            throw new IllegalArgumentException(
                    "expected a prefill chunk of 1 to " + MAX_CHUNK + ", found " + prefillChunk);
        }
        if (!announcePeriod.isPositive() || announcePeriod.compareTo(Duration.ofMinutes(10)) > 0) {
            throw new IllegalArgumentException(
                    "expected an announce period of up to 10 minutes, found " + announcePeriod);
        }
        if (sessionLimit < 0 || kvBudgetBytes < 0 || uploadLimit < 0) {
            throw new IllegalArgumentException("expected limits of 0 or more, found sessions " + sessionLimit
                    + ", KV bytes " + kvBudgetBytes + ", uploads " + uploadLimit);
        }
    }

    /** For a rig in the open grid: announces each minute. */
    public static GridNodeConfig defaults(Path shards, Set<Role> roles, List<Multiaddr> bootstrap) {
        return new GridNodeConfig(
                shards,
                roles,
                bootstrap,
                "IG1",
                "",
                Duration.ofMinutes(1),
                16,
                1L << 30,
                Duration.ofMinutes(5),
                64,
                Duration.ofSeconds(30),
                8);
    }

    public GridNodeConfig withAnnouncePeriod(Duration period) {
        return new GridNodeConfig(
                shards,
                roles,
                bootstrap,
                profile,
                conformanceDigest,
                period,
                sessionLimit,
                kvBudgetBytes,
                sessionIdle,
                prefillChunk,
                stepLimit,
                uploadLimit);
    }

    public GridNodeConfig withConformance(String profile, String digest) {
        return new GridNodeConfig(
                shards,
                roles,
                bootstrap,
                profile,
                digest,
                announcePeriod,
                sessionLimit,
                kvBudgetBytes,
                sessionIdle,
                prefillChunk,
                stepLimit,
                uploadLimit);
    }

    public GridNodeConfig withLimits(int sessions, long kvBytes, Duration idle) {
        return new GridNodeConfig(
                shards,
                roles,
                bootstrap,
                profile,
                conformanceDigest,
                announcePeriod,
                sessions,
                kvBytes,
                idle,
                prefillChunk,
                stepLimit,
                uploadLimit);
    }

    public GridNodeConfig withPrefillChunk(int positions) {
        return new GridNodeConfig(
                shards,
                roles,
                bootstrap,
                profile,
                conformanceDigest,
                announcePeriod,
                sessionLimit,
                kvBudgetBytes,
                sessionIdle,
                positions,
                stepLimit,
                uploadLimit);
    }

    public GridNodeConfig withStepLimit(Duration limit) {
        return new GridNodeConfig(
                shards,
                roles,
                bootstrap,
                profile,
                conformanceDigest,
                announcePeriod,
                sessionLimit,
                kvBudgetBytes,
                sessionIdle,
                prefillChunk,
                limit,
                uploadLimit);
    }
}
