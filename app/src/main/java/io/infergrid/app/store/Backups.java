package io.infergrid.app.store;

import io.infergrid.app.paths.Home;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Whole copies of the database beside it, the newest few of them. */
final class Backups {

    private static final int KEPT = 5;
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern(
                    "yyyyMMdd-HHmmss-SSS", java.util.Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final Path directory;
    private final Clock clock;

    Backups(Path database, Clock clock) {
        this.directory = database.resolveSibling("backups");
        this.clock = clock;
    }

    /** Copies the database as it is now; readers and the writer go on meanwhile. */
    Path make(Connection connection, String why) throws SQLException {
        Home.ownerOnly(directory);
        Path file = directory.resolve(STAMP.format(clock.instant()) + "-" + why + ".db");
        try (PreparedStatement statement = connection.prepareStatement("vacuum into ?")) {
            statement.setString(1, file.toString());
            statement.execute();
        }
        List<Path> all = newestFirst();
        for (Path old : all.subList(Math.min(KEPT, all.size()), all.size())) {
            delete(old);
        }
        return file;
    }

    /** Makes a copy unless there is one that is younger than {@code age}. */
    void makeIfOlderThan(Duration age, Connection connection) throws SQLException {
        Optional<Path> newest = newestFirst().stream().findFirst();
        if (newest.isEmpty() || modified(newest.get()).plus(age).isBefore(clock.instant())) {
            make(connection, "daily");
        }
    }

    List<Path> newestFirst() {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (var files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".db"))
                    .sorted(Comparator.comparing(
                                    (Path file) -> file.getFileName().toString())
                            .reversed())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static java.time.Instant modified(Path file) {
        try {
            return Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
