package io.infergrid.app.models;

import io.infergrid.grid.model.GgufShards;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.ShardStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model as a folder that can be carried to another computer: its manifest and all of its shards. */
public final class ModelPackage {

    private static final long SPARE_BYTES = 64L << 20;

    private ModelPackage() {}

    /**
     * Cuts a GGUF file into a folder, each piece verified on its way in; what an interrupted run left there is taken up. Blocks.
     *
     * @param folder made if it is missing; one with other files in it is left alone
     * @throws IOException if it is no sound model, the folder holds something else, or the disk has no room
     */
    public static Manifest write(Path gguf, String licence, Path folder) throws IOException {
        try (var model = new GgufShards(gguf, licence)) {
            Manifest manifest = model.manifest();
            expectFree(folder, manifest);
            try (var written = ShardStore.write(folder, model)) {
                written.sync();
                return written.manifest();
            }
        }
    }

    private static void expectFree(Path folder, Manifest manifest) throws IOException {
        if (Files.exists(folder.resolve("manifest"))) {
            try (var before = ShardStore.open(folder)) {
                if (!before.root().equals(manifest.root())) {
                    throw new IOException("expected an empty folder or the same model in " + folder + ", found "
                            + before.manifest().name() + " (" + before.root().brief() + ")");
                }
            }
            return;
        }
        if (Files.exists(folder)) {
            try (var files = Files.list(folder)) {
                if (files.findAny().isPresent()) {
                    throw new IOException("expected an empty folder at " + folder + ", found files in it");
                }
            }
        }
        Files.createDirectories(folder);
        long free = Files.getFileStore(folder).getUsableSpace() - SPARE_BYTES;
        if (manifest.fileBytes() > free) {
            throw new IOException("expected room for " + manifest.fileBytes() + " bytes in " + folder + ", found "
                    + Math.max(0, free));
        }
    }

    /**
     * Opens a package.
     *
     * @throws IOException if the folder is none, or not all of its shards are there
     */
    public static ShardStore open(Path folder) throws IOException {
        if (!Files.isRegularFile(folder.resolve("manifest"))) {
            throw new IOException("expected a model package, a folder with a manifest, found none at " + folder);
        }
        var store = ShardStore.open(folder);
        int shards = store.manifest().shards().size();
        for (int i = 0; i < shards; i++) {
            if (!store.complete(i)) {
                String missing = store.manifest().shards().get(i).label();
                store.close();
                throw new IOException(
                        "expected all " + shards + " shards in " + folder + ", found no whole " + missing);
            }
        }
        return store;
    }
}
