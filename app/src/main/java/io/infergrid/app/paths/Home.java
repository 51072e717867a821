package io.infergrid.app.paths;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The directories of one user's rig, by the conventions of the operating system, or all under one directory that was asked
 * for. Only their owner may enter them.
 *
 * @param config settings, small and worth a backup
 * @param data the database and keys: what must not be lost
 * @param cache shards and compiled shaders: what can be fetched again
 * @param state locks, tokens and what concerns this boot only
 * @param logs log files
 */
public record Home(Path config, Path data, Path cache, Path state, Path logs) {

    /** All directories under {@code directory}, and owner-only like the others. */
    public static Home under(Path directory) {
        Path root = directory.toAbsolutePath().normalize();
        return new Home(
                root.resolve("config"),
                root.resolve("data"),
                root.resolve("cache"),
                root.resolve("state"),
                root.resolve("logs"));
    }

    /** The directories that this system names for its present user. */
    public static Home ofUser() {
        return ofUser(System.getProperty("os.name"), System.getenv(), Path.of(System.getProperty("user.home")));
    }

    /** @param environment variables such as {@code XDG_DATA_HOME} and {@code LOCALAPPDATA} */
    static Home ofUser(String system, Map<String, String> environment, Path user) {
        String os = system.toLowerCase(Locale.ROOT);
        if (os.contains("win")) {
            Path local = absolute(environment.get("LOCALAPPDATA"), user.resolve("AppData/Local"));
            Path roaming = absolute(environment.get("APPDATA"), user.resolve("AppData/Roaming"));
            Path mine = local.resolve("InferGrid");
            return new Home(
                    roaming.resolve("InferGrid"),
                    mine.resolve("data"),
                    mine.resolve("cache"),
                    mine.resolve("state"),
                    mine.resolve("logs"));
        }
        if (os.contains("mac")) {
            Path library = user.resolve("Library");
            Path support = library.resolve("Application Support/InferGrid");
            return new Home(
                    support.resolve("config"),
                    support.resolve("data"),
                    library.resolve("Caches/InferGrid"),
                    support.resolve("state"),
                    library.resolve("Logs/InferGrid"));
        }
        Path state = absolute(environment.get("XDG_STATE_HOME"), user.resolve(".local/state"))
                .resolve("infergrid");
        return new Home(
                absolute(environment.get("XDG_CONFIG_HOME"), user.resolve(".config"))
                        .resolve("infergrid"),
                absolute(environment.get("XDG_DATA_HOME"), user.resolve(".local/share"))
                        .resolve("infergrid"),
                absolute(environment.get("XDG_CACHE_HOME"), user.resolve(".cache"))
                        .resolve("infergrid"),
                state,
                state.resolve("logs"));
    }

    /** The XDG specification says that a relative path is invalid and to be ignored. */
    private static Path absolute(@Nullable String value, Path otherwise) {
        return value == null || value.isBlank() || !Path.of(value).isAbsolute() ? otherwise : Path.of(value);
    }

    /** Makes the directories that are missing, each for its owner only. */
    public Home create() {
        for (Path directory : List.of(config, data, cache, state, logs)) {
            ownerOnly(directory);
        }
        return this;
    }

    public Path database() {
        return data.resolve("infergrid.db");
    }

    public Path settings() {
        return config.resolve("settings.json");
    }

    public Path shards() {
        return cache.resolve("shards");
    }

    /** Makes a directory that only its owner may enter, and its missing parents; an existing one is left as it is. */
    public static Path ownerOnly(Path directory) {
        try {
            if (Files.isDirectory(directory)) {
                return directory;
            }
            Path parent = directory.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            if (posix()) {
                Files.createDirectory(
                        directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } else {
                Files.createDirectory(directory);
            }
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "expected to make the folder " + directory + ", found " + FileTrouble.words(e), e);
        }
    }

    static boolean posix() {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    }
}
