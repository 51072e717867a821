package io.infergrid.grid;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.reachability.ReachabilityService;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/**
 * One node of the grid, whatever its roles: it announces itself, knows its peers, holds and offers shards, runs stages for
 * others, and opens sessions for its user. Thread-safe. Calls that wait for the network say so; use virtual threads for them.
 */
public interface GridNode extends AutoCloseable {

    /**
     * Brings a node up: serves the grid's protocols on {@code host}, connects to the bootstrap addresses in the background.
     *
     * @param host owned by the node from now on: closed with it
     * @param backend computes the stages; owned by the caller and closed by it after the node
     */
    static GridNode start(
            GridNodeConfig config,
            Host host,
            Backend backend,
            Clock clock,
            RandomGenerator random,
            GridListener listener) {
        return LiveNode.start(config, host, backend, clock, random, listener);
    }

    /** This node's id in the swarm. */
    String peerId();

    GridSnapshot snapshot();

    GridMetrics metrics();

    /** What finds out whether others reach this node, for those that act on it; empty if {@link GridNodeConfig.Reach} is off. */
    Optional<ReachabilityService> reachability();

    // ---- models; a disk that fails is an UncheckedIOException

    /**
     * Offers all shards of a model to the grid: of a GGUF file, straight from the file, which must not change; or of a model package,
     * the folder that {@code package-model} wrote. Blocks while the file is hashed.
     *
     * @param model GGUF file or folder
     * @param licence for a GGUF file that does not say; empty if it does
     *
     * @return its {@code modelRoot}
     */
    Hash seed(Path model, String licence);

    /**
     * Gets the manifest and the metadata of a model, from disk or from peers, so that its tokenizer can be used. Blocks.
     *
     * @throws GridException.ShardMissing if nobody offered it within {@code limit}
     */
    void fetchMetadata(Hash model, Duration limit) throws GridException, InterruptedException;

    /**
     * Fetches all shards of a model in the background, until they are here or it is paused or cancelled. Blocks for the manifest only.
     *
     * @throws GridException.ShardMissing if nobody offered the manifest within {@code limit}
     * @throws GridException.NoRoom if the disk, or what the user gave of it, is too small
     */
    void download(Hash model, Duration limit) throws GridException, InterruptedException;

    /** Stops fetching shards of a model until {@link #resumeDownload}; false if none are fetched. */
    boolean pauseDownload(Hash model);

    boolean resumeDownload(Hash model);

    /** Ends a download; what came is kept. False if there is none. */
    boolean cancelDownload(Hash model);

    /** Deletes what is here of a model, and stops offering it; a GGUF file that was seeded is left alone. False if nothing is here. */
    boolean remove(Hash model);

    /**
     * Puts the GGUF file of a model together again, byte for byte, after verifying each piece. Blocks.
     *
     * @throws GridException.ShardMissing if not all of it is here
     */
    void export(Hash model, Path gguf) throws GridException;

    /** The GGUF metadata (tokenizer, shape) of a model that was seeded or fetched here. */
    Optional<GgufMetadata> metadata(Hash model);

    // ---- worker

    /**
     * Fetches what is missing of these blocks from peers, loads the stage, and serves it. Blocks until it is served. If it is loaded
     * already, ends a {@link #drain}.
     *
     * @throws GridException.ShardMissing if a shard was not to be had within {@code limit}
     * @throws GridException.NoRoom if the disk, or what the user gave of it, is too small
     */
    void serve(Hash model, BlockRange blocks, Duration limit) throws GridException, InterruptedException;

    /** As {@link #serve}, with the blocks that the announcements show to be covered least, so that the model is cut into {@code stages}. */
    BlockRange serveWhereNeeded(Hash model, int stages, Duration limit) throws GridException, InterruptedException;

    /** Takes no new sessions; those in hand go on. {@link GridSnapshot#sessions} says how many are left. */
    void drain();

    /** Lets the device compute this part of the time at most, 1 to 100 percent; 100 is what a node starts with. */
    void duty(int percent);

    /** Ends all sessions in hand and frees the stages' weights. */
    void stopServing();

    // ---- gateway

    /** Waits until the stages that are announced cover the model; false if they did not within {@code limit}. */
    boolean awaitPipeline(Hash model, Duration limit) throws InterruptedException;

    /**
     * Runs a job through the grid. Blocks until the answer ends.
     *
     * @param cancelled asked between tokens
     */
    GenerationResult generate(GenerationRequest request, TokenListener listener, BooleanSupplier cancelled)
            throws GridException, InterruptedException;

    /** Leaves the grid: sessions end, streams and the host are closed. Takes a few seconds at most. */
    @Override
    void close();
}
