package io.infergrid.grid;

import io.infergrid.grid.exchange.ProviderDirectory;
import io.infergrid.grid.payment.Payments;
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
 * @param announcePeriod time between two announcements (jitter of a tenth is added); what was not heard again for two periods (10 s at
 *     least) is forgotten
 * @param payments how it pays and is paid
 */
public record GridNodeConfig(
        Path shards,
        Set<Role> roles,
        List<Multiaddr> bootstrap,
        Duration announcePeriod,
        Arithmetic arithmetic,
        Capacity capacity,
        Steps steps,
        Sharing sharing,
        Reach reach,
        Payments payments) {

    /**
     * How the device computes.
     *
     * @param profile the arithmetic that it was shown to reproduce, {@code IG1}
     * @param conformanceDigest hex digest of the conformance run behind {@code profile}, empty if none
     */
    public record Arithmetic(String profile, String conformanceDigest) {}

    /**
     * What a node does for others at once.
     *
     * @param sessions most sessions that this worker runs
     * @param kvBytes most bytes of KV cache over all of them
     * @param sessionIdle a session without a frame for so long is closed
     * @param uploads most peers that fetch shards from here
     */
    public record Capacity(int sessions, long kvBytes, Duration sessionIdle, int uploads) {

        public Capacity {
            if (sessions < 0 || kvBytes < 0 || uploads < 0) {
                throw new IllegalArgumentException("expected limits of 0 or more, found sessions " + sessions
                        + ", KV bytes " + kvBytes + ", uploads " + uploads);
            }
        }
    }

    /**
     * How a gateway goes through the pipeline.
     *
     * @param prefillChunk prompt positions that go in one frame
     * @param limit longest time that a gateway waits for one token, or for one chunk of the prompt, before it gives a stage up
     * @param hedge shortest time after which a stage with a standby is asked how far it is, when a token takes three times as long as usual
     */
    public record Steps(int prefillChunk, Duration limit, Duration hedge) {

        public Steps(int prefillChunk, Duration limit) {
            this(prefillChunk, limit, Duration.ofSeconds(1));
        }

        public Steps {
            if (prefillChunk < 1 || prefillChunk > MAX_CHUNK) {
                throw new IllegalArgumentException(
                        "expected a prefill chunk of 1 to " + MAX_CHUNK + ", found " + prefillChunk);
            }
        }
    }

    /**
     * What the exchange of shards may take of this rig. What is seeded straight from a GGUF file takes no room of its own.
     *
     * @param upBytesPerSecond for all uploads together, 0 for no limit
     * @param downBytesPerSecond for all downloads together, 0 for no limit
     * @param diskBytes most bytes of shards on the disk, 0 for no limit; beyond, what the swarm needs least is deleted
     * @param deleteLastCopies whether the user agreed that a shard may be deleted that nobody else is known to have, when there is no
     *     room otherwise
     * @param seedBytes of that room, what may be filled with shards that the swarm lacks, of models that this node knows; 0 for none
     * @param providers where it is written down who has what
     */
    public record Sharing(
            long upBytesPerSecond,
            long downBytesPerSecond,
            long diskBytes,
            boolean deleteLastCopies,
            long seedBytes,
            ProviderDirectory providers) {

        /** No limits, nothing seeded unasked, no directory. */
        public static final Sharing DEFAULT = new Sharing(0, 0, 0, false, 0, ProviderDirectory.none());

        public Sharing {
            if (upBytesPerSecond < 0 || downBytesPerSecond < 0 || diskBytes < 0 || seedBytes < 0) {
                throw new IllegalArgumentException("expected rates and room of 0 or more, found up " + upBytesPerSecond
                        + ", down " + downBytesPerSecond + ", disk " + diskBytes + ", seeded " + seedBytes);
            }
        }

        public Sharing withRates(long up, long down) {
            return new Sharing(up, down, diskBytes, deleteLastCopies, seedBytes, providers);
        }

        public Sharing withRoom(long disk, boolean lastCopies, long seeded) {
            return new Sharing(upBytesPerSecond, downBytesPerSecond, disk, lastCopies, seeded, providers);
        }

        public Sharing withProviders(ProviderDirectory directory) {
            return new Sharing(upBytesPerSecond, downBytesPerSecond, diskBytes, deleteLastCopies, seedBytes, directory);
        }
    }

    /**
     * How others are to reach this node.
     *
     * @param on whether to find out and do something about it; off for a node that only talks on its own machine
     * @param portMapping whether to ask the router to forward the port
     * @param relays whether to be reached over relays while nobody can dial this node, and to relay for others while everybody can
     */
    public record Reach(boolean on, boolean portMapping, boolean relays) {

        /** For a node that only talks on its own machine, as in tests. */
        public static final Reach OFF = new Reach(false, false, false);
    }

    /** Most positions of one boundary frame, whatever chunks a gateway has. */
    public static final int MAX_CHUNK = 256;

    public GridNodeConfig {
        roles = Set.copyOf(roles);
        bootstrap = List.copyOf(bootstrap);
        if (!announcePeriod.isPositive() || announcePeriod.compareTo(Duration.ofMinutes(10)) > 0) {
            throw new IllegalArgumentException(
                    "expected an announce period of up to 10 minutes, found " + announcePeriod);
        }
    }

    /** For a rig in the open grid: announces each minute. */
    public static GridNodeConfig defaults(Path shards, Set<Role> roles, List<Multiaddr> bootstrap) {
        return new GridNodeConfig(
                shards,
                roles,
                bootstrap,
                Duration.ofMinutes(1),
                new Arithmetic("IG1", ""),
                new Capacity(16, 1L << 30, Duration.ofMinutes(5), 8),
                new Steps(64, Duration.ofSeconds(30)),
                Sharing.DEFAULT,
                Reach.OFF,
                Payments.none());
    }

    public GridNodeConfig withAnnouncePeriod(Duration period) {
        return new GridNodeConfig(
                shards, roles, bootstrap, period, arithmetic, capacity, steps, sharing, reach, payments);
    }

    public GridNodeConfig withConformance(String profile, String digest) {
        var other = new Arithmetic(profile, digest);
        return new GridNodeConfig(
                shards, roles, bootstrap, announcePeriod, other, capacity, steps, sharing, reach, payments);
    }

    public GridNodeConfig withLimits(int sessions, long kvBytes, Duration idle) {
        return with(new Capacity(sessions, kvBytes, idle, capacity.uploads));
    }

    public GridNodeConfig withUploads(int uploads) {
        return with(new Capacity(capacity.sessions, capacity.kvBytes, capacity.sessionIdle, uploads));
    }

    private GridNodeConfig with(Capacity other) {
        return new GridNodeConfig(
                shards, roles, bootstrap, announcePeriod, arithmetic, other, steps, sharing, reach, payments);
    }

    public GridNodeConfig withPrefillChunk(int positions) {
        return with(new Steps(positions, steps.limit, steps.hedge));
    }

    public GridNodeConfig withStepLimit(Duration limit) {
        return with(new Steps(steps.prefillChunk, limit, steps.hedge));
    }

    public GridNodeConfig withHedge(Duration least) {
        return with(new Steps(steps.prefillChunk, steps.limit, least));
    }

    private GridNodeConfig with(Steps other) {
        return new GridNodeConfig(
                shards, roles, bootstrap, announcePeriod, arithmetic, capacity, other, sharing, reach, payments);
    }

    public GridNodeConfig withSharing(Sharing other) {
        return new GridNodeConfig(
                shards, roles, bootstrap, announcePeriod, arithmetic, capacity, steps, other, reach, payments);
    }

    public GridNodeConfig withProviders(ProviderDirectory directory) {
        return withSharing(sharing.withProviders(directory));
    }

    public GridNodeConfig withReach(Reach other) {
        return new GridNodeConfig(
                shards, roles, bootstrap, announcePeriod, arithmetic, capacity, steps, sharing, other, payments);
    }

    public GridNodeConfig withPayments(Payments other) {
        return new GridNodeConfig(
                shards, roles, bootstrap, announcePeriod, arithmetic, capacity, steps, sharing, reach, other);
    }
}
