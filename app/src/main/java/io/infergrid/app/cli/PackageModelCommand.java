package io.infergrid.app.cli;

import io.infergrid.app.models.ModelPackage;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.ModelCutter;
import io.infergrid.grid.model.Shard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code infergrid package-model}: how the grid cuts a model into shards, and the root hash that names it there. */
@Command(
        name = "package-model",
        description =
                "Cut a GGUF into shards as the grid does and print its model root; --folder writes them, --manifest what they are.")
final class PackageModelCommand extends RigCommand {

    @Mixin
    ModelOptions model = new ModelOptions();

    @Option(names = "--licence", paramLabel = "TEXT", description = "Licence to state in the manifest.")
    String licence = "";

    @Option(
            names = "--manifest",
            paramLabel = "FILE",
            description = "Write the manifest, which lists every piece's hash.")
    @Nullable
    Path manifestFile;

    @Option(
            names = "--folder",
            paramLabel = "FOLDER",
            description =
                    "Write the package: manifest and shards, for 'models add' and 'node --seed-file' here or elsewhere.")
    @Nullable
    Path folder;

    @Override
    public Integer call() throws IOException {
        Path file = model.file();
        Manifest manifest = folder == null ? ModelCutter.cut(file, licence) : ModelPackage.write(file, licence, folder);
        if (manifestFile != null) {
            Files.write(manifestFile, manifest.encode());
        }
        if (common.json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("modelRoot", manifest.root().hex());
            map.put("name", manifest.name());
            map.put("bytes", Files.size(file));
            map.put("shards", shards(manifest));
            if (folder != null) {
                map.put("folder", folder.toString());
            }
            json(map);
            return 0;
        }
        out().println("model root  " + manifest.root().hex());
        out().println("name        " + manifest.name());
        for (Map<String, Object> shard : shards(manifest)) {
            out().printf(
                            Locale.ROOT,
                            "%-12s %10s bytes in %3s pieces%n",
                            shard.get("shard"),
                            shard.get("bytes"),
                            shard.get("pieces"));
        }
        if (folder != null) {
            out().println("written to  " + folder);
        }
        return 0;
    }

    private static List<Map<String, Object>> shards(Manifest manifest) {
        return manifest.shards().stream().map(PackageModelCommand::map).toList();
    }

    private static String words(Shard shard) {
        return shard.kind() == Shard.Kind.BLOCK
                ? "block " + shard.block()
                : shard.kind().name().toLowerCase(Locale.ROOT);
    }

    private static Map<String, Object> map(Shard shard) {
        var map = new LinkedHashMap<String, Object>();
        map.put("shard", words(shard));
        map.put("bytes", shard.bytes());
        map.put("pieces", shard.pieces().size());
        return map;
    }
}
