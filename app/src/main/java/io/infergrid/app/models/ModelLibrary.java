package io.infergrid.app.models;

import io.infergrid.grid.Hash;
import io.infergrid.grid.model.GgufShards;
import io.infergrid.grid.model.HeldShards;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.ShardStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Model packages in the folder where a node of this rig keeps its shards; what is added here it offers from its next start on. */
public final class ModelLibrary {

    private static final long SPARE_BYTES = 64L << 20;

    private final Path shards;

    public ModelLibrary(Path shards) {
        this.shards = shards;
    }

    /**
     * @param bytesHere on the disk
     * @param shardsHere shards that are whole
     */
    public record Entry(
            Hash root,
            String name,
            String architecture,
            String licence,
            long bytes,
            long bytesHere,
            int shardsHere,
            int shards) {}

    /** Hears how far an import is. */
    @FunctionalInterface
    public interface Progress {
        void at(long bytes, long total);
    }

    /**
     * Cuts a GGUF file, or takes a model package, and stores its shards, each piece verified on its way in. An import that was stopped goes
     * on where it was. Blocks.
     *
     * @param model GGUF file, or the folder of a package
     * @param licence for a GGUF file that does not say; a package says it itself
     * @throws IOException if it is no sound model, or the disk has no room; the message is one line for the user
     */
    public Entry add(Path model, String licence, Progress progress, BooleanSupplier cancelled) throws IOException {
        try (HeldShards file = open(model, licence)) {
            Manifest manifest = file.manifest();
            Files.createDirectories(shards);
            try (var store = ShardStore.of(shards, manifest)) {
                long done = store.bytesHere();
                long needed = manifest.fileBytes() - done;
                long free = Files.getFileStore(shards).getUsableSpace() - SPARE_BYTES;
                if (needed > free) {
                    throw new IOException(
                            "expected room for " + needed + " bytes in " + shards + ", found " + Math.max(0, free));
                }
                for (int shard = 0; shard < manifest.shards().size(); shard++) {
                    int pieces = manifest.shards().get(shard).pieces().size();
                    for (int piece = 0; piece < pieces; piece++) {
                        if (cancelled.getAsBoolean()) {
                            throw new CancellationException("the import was cancelled; what is stored is kept");
                        }
                        if (!store.has(shard, piece)) {
                            byte[] bytes = file.piece(shard, piece);
                            store.putVerified(shard, piece, bytes);
                            done += bytes.length;
                            progress.at(done, manifest.fileBytes());
                        }
                    }
                }
                store.sync();
                return entry(store);
            }
        }
    }

    private static HeldShards open(Path model, String licence) throws IOException {
        return Files.isDirectory(model) ? ModelPackage.open(model) : new GgufShards(model, licence);
    }

    /** All that can be read, by name. */
    public List<Entry> list() throws IOException {
        var entries = new ArrayList<Entry>();
        if (Files.isDirectory(shards)) {
            try (var folders = Files.newDirectoryStream(shards, Files::isDirectory)) {
                for (Path folder : folders) {
                    if (Files.exists(folder.resolve("manifest"))) {
                        try (var store = ShardStore.open(folder)) {
                            entries.add(entry(store));
                        }
                    }
                }
            }
        }
        entries.sort(Comparator.comparing(Entry::name).thenComparing(Entry::root));
        return entries;
    }

    private static Entry entry(ShardStore store) {
        Manifest manifest = store.manifest();
        int here = 0;
        for (int i = 0; i < manifest.shards().size(); i++) {
            here += store.complete(i) ? 1 : 0;
        }
        return new Entry(
                store.root(),
                manifest.name(),
                manifest.architecture(),
                manifest.licence(),
                manifest.fileBytes(),
                store.bytesHere(),
                here,
                manifest.shards().size());
    }

    /** The one model whose root begins with these digits, or whose name this is; empty if there is none, or more than one. */
    public Optional<Entry> find(String rootOrName) throws IOException {
        var found = list().stream()
                .filter(entry -> (rootOrName.length() >= 6 && entry.root().hex().startsWith(rootOrName))
                        || entry.name().equals(rootOrName))
                .toList();
        return found.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    /** Deletes a model from the disk. */
    public void remove(Hash root) throws IOException {
        try (var store = ShardStore.open(shards.resolve(root.hex()))) {
            store.delete();
        }
    }

    /** Writes the model's GGUF file, byte for byte what was cut, after verifying each piece. */
    public void export(Hash root, Path gguf) throws IOException {
        try (var store = ShardStore.open(shards.resolve(root.hex()))) {
            store.assemble(gguf);
        }
    }
}
