package io.infergrid.grid;

import io.infergrid.grid.GridNodeConfig.Sharing;
import io.infergrid.grid.exchange.DiskRoom;
import io.infergrid.grid.exchange.DiskRoom.Shelved;
import io.infergrid.grid.exchange.SeedChoice;
import io.infergrid.grid.exchange.SeedChoice.Wanting;
import io.infergrid.grid.exchange.ShardExchange;
import io.infergrid.grid.model.HeldShards;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.Shard;
import io.infergrid.grid.model.ShardStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that a node has something of: opens their stores, makes room on the disk, says in the directory what is here, and picks what
 * the swarm lacks. Thread-safe.
 */
final class ShardShelf implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ShardShelf.class);
    /** Left free on the disk, whatever the quota: other programs need some too. */
    private static final long SPARE_BYTES = 64L << 20;

    private final Path folder;
    private final Sharing sharing;
    private final Surroundings surroundings;
    private final Clock clock;
    private final GridMetrics metrics;
    /** By model root; guarded by this, as all below. */
    private final Map<Hash, HeldShards> held = new TreeMap<>();

    private final Map<Hash, Map<Integer, Long>> usedAt = new HashMap<>();
    private final Set<Hash> provided = new HashSet<>();

    /** What the shelf asks the node. */
    interface Surroundings {
        /** Other nodes that are known to have the shard whole. */
        int copies(Hash model, int shard);

        /** Whether a stage that is loaded reads the shard. */
        boolean serves(Hash model, int shard);

        /** What is here has changed. */
        void changed();

        ShardExchange exchange();
    }

    ShardShelf(Path folder, Sharing sharing, Surroundings surroundings, Clock clock, GridMetrics metrics) {
        this.folder = folder;
        this.sharing = sharing;
        this.surroundings = surroundings;
        this.clock = clock;
        this.metrics = metrics;
    }

    /** Takes up what an earlier run left on disk; what cannot be read is left alone. */
    void takeUp() throws IOException {
        Files.createDirectories(folder);
        try (var folders = Files.newDirectoryStream(folder, Files::isDirectory)) {
            for (Path model : folders) {
                if (Files.exists(model.resolve("manifest"))) {
                    takeUp(model);
                }
            }
        }
        publish();
    }

    private synchronized void takeUp(Path model) {
        try {
            ShardStore store = ShardStore.open(model);
            held.put(store.root(), store);
        } catch (IOException spoilt) {
            LOG.warn("left {} alone: {}", model, spoilt.getMessage());
        }
    }

    synchronized Optional<HeldShards> find(Hash model) {
        return Optional.ofNullable(held.get(model));
    }

    synchronized List<HeldShards> all() {
        return List.copyOf(held.values());
    }

    /** Takes a model in place of what was here of it. */
    void put(HeldShards shards) {
        HeldShards before;
        synchronized (this) {
            before = held.put(shards.root(), shards);
        }
        if (before != null) {
            surroundings.exchange().forget(shards.root());
            before.close();
        }
        publish();
    }

    /** The store of a model, made if there is none yet. */
    synchronized HeldShards open(Manifest manifest) throws IOException {
        HeldShards known = held.get(manifest.root());
        if (known != null) {
            return known;
        }
        ShardStore store = ShardStore.of(folder, manifest);
        held.put(store.root(), store);
        return store;
    }

    /** Notes that shards are wanted now: they are the last to go. */
    synchronized void use(Hash model, Collection<Integer> shards) {
        Map<Integer, Long> times = usedAt.computeIfAbsent(model, m -> new HashMap<>());
        shards.forEach(shard -> times.put(shard, clock.millis()));
    }

    // ---- room

    /**
     * Makes room for what is missing of these shards.
     *
     * @throws GridException.NoRoom if there is none
     */
    synchronized void makeRoom(ShardStore store, Collection<Integer> shards) throws GridException.NoRoom, IOException {
        long needed = 0;
        for (int shard : shards) {
            needed += store.manifest().shards().get(shard).bytes() - store.bytesHere(shard);
        }
        if (needed == 0) {
            return;
        }
        List<Shelved> shelved = shelved(store.root(), Set.copyOf(shards));
        long used = shelved.stream().mapToLong(Shelved::bytes).sum();
        long promised = surroundings.exchange().bytesMissing(store.root());
        long free = Files.getFileStore(folder).getUsableSpace() - SPARE_BYTES;
        long quota = Math.min(sharing.diskBytes() == 0 ? Long.MAX_VALUE : sharing.diskBytes(), used + free) - promised;
        DiskRoom.Plan plan = DiskRoom.plan(shelved, needed, quota, sharing.deleteLastCopies());
        if (!plan.possible()) {
            metrics.count("shards.room.refused");
            throw new GridException.NoRoom("expected room for " + needed + " bytes of shards, found " + used
                    + " bytes in use of " + Math.max(0, quota)
                    + (plan.lastCopiesHelp()
                            ? "; there would be room if shards could be deleted that nobody else is known to have"
                            : ""));
        }
        for (Shelved shard : plan.delete()) {
            delete(shard);
        }
    }

    private List<Shelved> shelved(Hash wantedModel, Set<Integer> wanted) {
        var shelved = new ArrayList<Shelved>();
        for (HeldShards model : held.values()) {
            if (model instanceof ShardStore store) {
                for (int i = 0; i < store.manifest().shards().size(); i++) {
                    long bytes = store.bytesHere(i);
                    if (bytes > 0) {
                        boolean pinned = i == 0
                                || (store.root().equals(wantedModel) && wanted.contains(i))
                                || surroundings.serves(store.root(), i)
                                || surroundings.exchange().busy(store.root(), i);
                        long used = usedAt.getOrDefault(store.root(), Map.of()).getOrDefault(i, 0L);
                        shelved.add(new Shelved(
                                store.root(), i, bytes, surroundings.copies(store.root(), i), pinned, used));
                    }
                }
            }
        }
        return shelved;
    }

    private void delete(Shelved shard) throws IOException {
        if (held.get(shard.model()) instanceof ShardStore store) {
            LOG.info(
                    "deleting {} of {} to make room: {} others have it",
                    store.manifest().shards().get(shard.shard()).label(),
                    store.manifest().name(),
                    shard.copiesElsewhere());
            surroundings.exchange().removed(store, shard.shard());
            store.remove(shard.shard());
            metrics.count("shards.deleted");
            publish();
            surroundings.changed();
        }
    }

    /** Deletes a model from the disk, or stops offering it if it is a file of the user's; false if it is not here. */
    boolean remove(Hash model) throws IOException {
        HeldShards gone;
        synchronized (this) {
            gone = held.remove(model);
        }
        if (gone == null) {
            return false;
        }
        surroundings.exchange().forget(model);
        for (int shard = 0; shard < gone.manifest().shards().size(); shard++) {
            surroundings.exchange().removed(gone, shard);
        }
        if (gone instanceof ShardStore store && folder.equals(store.folder().getParent())) {
            store.delete();
        } else {
            gone.close();
        }
        publish();
        surroundings.changed();
        return true;
    }

    // ---- the directory

    /** Says in the directory what is here now and was not before, and the other way round. */
    synchronized void publish() {
        var now = new HashSet<Hash>();
        for (HeldShards model : held.values()) {
            List<Shard> shards = model.manifest().shards();
            for (int i = 0; i < shards.size(); i++) {
                if (model.complete(i)) {
                    now.add(shards.get(i).root());
                    now.add(model.root());
                }
            }
        }
        for (Hash gone : List.copyOf(provided)) {
            if (!now.contains(gone)) {
                provided.remove(gone);
                sharing.providers().withdraw(gone);
            }
        }
        for (Hash key : now) {
            if (provided.add(key)) {
                sharing.providers().provide(key);
            }
        }
    }

    // ---- what the swarm lacks

    /** Begins to fetch one shard that few have, if the user gave room for that and there is some. */
    void seedWhatIsLacking(String node) {
        if (sharing.seedBytes() == 0) {
            return;
        }
        var known = new ArrayList<Wanting>();
        long used = 0;
        for (HeldShards model : all()) {
            if (model instanceof ShardStore store) {
                used += store.bytesHere();
                for (int i = 0; i < store.manifest().shards().size(); i++) {
                    known.add(new Wanting(
                            store.root(),
                            i,
                            store.manifest().shards().get(i).bytes(),
                            surroundings.copies(store.root(), i),
                            store.bytesHere(i) > 0));
                }
            }
        }
        if (surroundings.exchange().bytesMissing(null) > 0) {
            return; // one thing at a time
        }
        long room = sharing.seedBytes() - used;
        SeedChoice.next(known, room, node)
                .ifPresent(choice -> find(choice.model()).ifPresent(model -> {
                    if (model instanceof ShardStore store) {
                        try {
                            makeRoom(store, List.of(choice.shard()));
                            metrics.count("shards.seeded");
                            surroundings.exchange().start(store, List.of(choice.shard()));
                        } catch (GridException.NoRoom | IOException none) {
                            LOG.debug("nothing more to seed: {}", none.getMessage());
                        }
                    }
                }));
    }

    @Override
    public synchronized void close() {
        held.values().forEach(HeldShards::close);
        held.clear();
    }
}
