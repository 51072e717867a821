package io.infergrid.app.cli;

import io.infergrid.app.models.HttpsDownload;
import io.infergrid.app.models.ModelLibrary;
import io.infergrid.app.paths.Home;
import io.infergrid.app.paths.InstanceLock;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code infergrid models}: the model packages of this rig. */
@Command(
        name = "models",
        description = "Import, list, fetch, export and delete the models that this rig can offer to the grid.",
        subcommands = {
            ModelsCommand.Add.class,
            ModelsCommand.Listing.class,
            ModelsCommand.Export.class,
            ModelsCommand.Remove.class,
            DownloadCommands.Fetch.class,
            DownloadCommands.Pause.class,
            DownloadCommands.Resume.class,
            DownloadCommands.Cancel.class
        })
final class ModelsCommand extends RigCommand {

    @Override
    public Integer call() throws IOException {
        return list(this);
    }

    private static ModelLibrary library(RigCommand command) {
        return new ModelLibrary(command.home().create().shards());
    }

    private static int list(RigCommand command) throws IOException {
        List<ModelLibrary.Entry> entries = library(command).list();
        if (command.common.json) {
            command.json(entries.stream().map(ModelsCommand::map).toList());
        } else if (entries.isEmpty()) {
            command.out().println("No models yet. Import one with: infergrid models add FILE-OR-URL");
        } else {
            entries.forEach(entry -> command.out()
                    .printf(
                            Locale.ROOT,
                            "%s  %-24s %12d bytes  %d of %d shards  %s%n",
                            entry.root().brief(),
                            entry.name(),
                            entry.bytes(),
                            entry.shardsHere(),
                            entry.shards(),
                            entry.licence()));
        }
        return 0;
    }

    private static Map<String, Object> map(ModelLibrary.Entry entry) {
        var map = new LinkedHashMap<String, Object>();
        map.put("modelRoot", entry.root().hex());
        map.put("name", entry.name());
        map.put("architecture", entry.architecture());
        map.put("licence", entry.licence());
        map.put("bytes", entry.bytes());
        map.put("bytesHere", entry.bytesHere());
        map.put("shardsHere", entry.shardsHere());
        map.put("shards", entry.shards());
        return map;
    }

    private static ModelLibrary.Entry find(RigCommand command, String model) throws IOException {
        return library(command)
                .find(model)
                .orElseThrow(() -> new Failure("expected one model with the name or root '" + model
                        + "' (at least 6 digits), found none or several; see 'infergrid models list'"));
    }

    /** Nothing else works with the shards while this is held. */
    private static InstanceLock alone(RigCommand command) throws IOException {
        return InstanceLock.take(command.home().create())
                .orElseThrow(() -> new Failure("expected InferGrid not to run meanwhile, found it running"));
    }

    /** {@code infergrid models add}. */
    @Command(
            name = "add",
            description =
                    "Import a GGUF file or a model package from this computer, or a GGUF file by HTTPS; one that stopped goes on.")
    static final class Add extends RigCommand {

        private static final long TELL_NANOS = 1_000_000_000;

        @Parameters(
                paramLabel = "FILE|FOLDER|URL",
                description = "A GGUF file, a folder that package-model wrote, or an https URL of a GGUF file.")
        @SuppressWarnings("NullAway.Init")
        String from;

        @Option(names = "--sha256", paramLabel = "HEX", description = "What the file must hash to.")
        @Nullable
        String sha256;

        @Option(names = "--licence", paramLabel = "TEXT", description = "Licence to state in the manifest.")
        String licence = "";

        private long toldAt;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (sha256 != null && !sha256.matches("[0-9a-fA-F]{64}")) {
                throw new Failure("expected 64 hexadecimal digits in --sha256, found '" + sha256 + "'");
            }
            boolean web = from.matches("(?i)https?://.*");
            try (var interruption = Interruption.asked();
                    var _ = alone(this)) {
                Path file = web ? download(interruption) : local();
                ModelLibrary.Entry entry = library(this)
                        .add(file, licence, (bytes, total) -> tell("stored", bytes, total), interruption.requested());
                if (web) {
                    Files.delete(file); // its shards are what the grid needs; 'export' gives it back
                }
                if (common.json) {
                    json(map(entry));
                } else {
                    out().println("model root  " + entry.root().hex());
                    out().println("name        " + entry.name());
                    out().println("licence     " + entry.licence());
                    out().println("shards      " + entry.shards() + ", all here");
                }
                return 0;
            }
        }

        private Path local() throws IOException {
            Path file = Path.of(from);
            if (Files.isDirectory(file)) {
                if (sha256 != null || !licence.isEmpty()) {
                    throw new Failure(
                            "expected neither --sha256 nor --licence with a package, which states both itself");
                }
                return file;
            }
            if (!Files.isRegularFile(file)) {
                throw new Failure("expected a GGUF file, a package or an https URL, found no file " + from);
            }
            if (sha256 != null) {
                String found = HttpsDownload.sha256(file);
                if (!found.equals(sha256.toLowerCase(Locale.ROOT))) {
                    throw new Failure("expected a file with the SHA-256 " + sha256 + ", found " + found);
                }
            }
            return file;
        }

        private Path download(Interruption interruption) throws IOException, InterruptedException {
            URI uri;
            try {
                uri = URI.create(from);
            } catch (IllegalArgumentException e) {
                throw new Failure("expected a URL like https://host/path, found '" + from + "'");
            }
            Path folder = Home.ownerOnly(home().cache().resolve("downloads"));
            String path = String.valueOf(uri.getPath());
            String name = path.substring(path.lastIndexOf('/') + 1).replaceAll("[^A-Za-z0-9._-]", "_");
            Path file = folder.resolve((name.isEmpty() ? "model" : name) + "-" + Integer.toHexString(from.hashCode()));
            if (!Files.exists(file)
                    || sha256 == null
                    || !HttpsDownload.sha256(file).equalsIgnoreCase(sha256)) {
                String found = new HttpsDownload(HttpsDownload.Patience.USUAL)
                        .fetch(
                                uri,
                                file,
                                Optional.ofNullable(sha256),
                                (bytes, total) -> tell("downloaded", bytes, total),
                                interruption.requested());
                if (sha256 == null) {
                    err().println("no --sha256 was given; what came has " + found);
                }
            }
            return file;
        }

        private void tell(String what, long bytes, long total) {
            long now = System.nanoTime();
            if (bytes == total || now - toldAt >= TELL_NANOS) {
                toldAt = now;
                err().println(what + " " + bytes + (total < 0 ? "" : " of " + total) + " bytes");
            }
        }
    }

    /** {@code infergrid models list}. */
    @Command(name = "list", description = "List the models that are here, whole or in part.")
    static final class Listing extends RigCommand {

        @Override
        public Integer call() throws IOException {
            return list(this);
        }
    }

    /** {@code infergrid models export}. */
    @Command(name = "export", description = "Write a model's GGUF file, byte for byte what was imported.")
    static final class Export extends RigCommand {

        @Parameters(index = "0", paramLabel = "MODEL", description = "Its name, or the first digits of its root.")
        @SuppressWarnings("NullAway.Init")
        String model;

        @Parameters(index = "1", paramLabel = "FILE", description = "Where to write it.")
        @SuppressWarnings("NullAway.Init")
        Path file;

        @Override
        public Integer call() throws IOException {
            ModelLibrary.Entry entry = find(this, model);
            if (entry.shardsHere() < entry.shards()) {
                throw new Failure("expected all " + entry.shards() + " shards of " + entry.name() + " here, found "
                        + entry.shardsHere());
            }
            library(this).export(entry.root(), file);
            if (common.json) {
                json(Map.of("modelRoot", entry.root().hex(), "file", file.toString(), "bytes", Files.size(file)));
            } else {
                out().println("wrote " + Files.size(file) + " bytes to " + file);
            }
            return 0;
        }
    }

    /** {@code infergrid models remove}. */
    @Command(name = "remove", description = "Delete a model from this computer.")
    static final class Remove extends RigCommand {

        @Parameters(paramLabel = "MODEL", description = "Its name, or the first digits of its root.")
        @SuppressWarnings("NullAway.Init")
        String model;

        @Override
        public Integer call() throws IOException {
            try (var _ = alone(this)) {
                ModelLibrary.Entry entry = find(this, model);
                library(this).remove(entry.root());
                if (common.json) {
                    json(map(entry));
                } else {
                    out().println("deleted " + entry.name() + " ("
                            + entry.root().brief() + ")");
                }
                return 0;
            }
        }
    }
}
