package io.infergrid.app.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Brings a database to this program's version, forward only: numbered SQL files, one transaction each, counted in {@code PRAGMA
 * user_version}, with a copy of the database made before each.
 */
final class Migrations {

    private static final List<String> FILES = List.of("001-jobs.sql", "002-rig-history.sql");

    private Migrations() {}

    /** The version that this program reads and writes. */
    static int latest() {
        return FILES.size();
    }

    static int version(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                var row = statement.executeQuery("pragma user_version")) {
            return row.getInt(1);
        }
    }

    /**
     * @throws StoreException if a newer program wrote this database
     */
    static void apply(Connection connection, Path database, Backups backups) throws SQLException {
        int version = version(connection);
        refuseNewer(version, database);
        for (int next = version; next < latest(); next++) {
            if (version > 0) { // there is nothing to lose in a new one
                backups.make(connection, "before-v" + (next + 1));
            }
            step(connection, next + 1);
        }
    }

    static void refuseNewer(int version, Path database) {
        if (version > latest()) {
            throw new StoreException(
                    "expected a database of version " + latest() + " or older, found version " + version + " in "
                            + database + ": a newer InferGrid wrote it. Start that one, or choose another --home.");
        }
    }

    private static void step(Connection connection, int version) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements(read(FILES.get(version - 1)))) {
                statement.execute(sql);
            }
            statement.execute("pragma user_version = " + version);
            connection.commit();
        } catch (SQLException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    private static String read(String file) {
        try (InputStream in = Migrations.class.getResourceAsStream("migrations/" + file)) {
            if (in == null) {
                throw new StoreException("expected the migration " + file + " in the program, found none");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new StoreException("expected to read the migration " + file, e);
        }
    }

    /** Our files end each statement by a semicolon at the end of a line, and comments run to the end of theirs. */
    static List<String> statements(String file) {
        var statements = new ArrayList<String>();
        for (String part : file.split(";\\s*(\\R|$)")) {
            if (!part.isBlank()) {
                statements.add(part.strip());
            }
        }
        return statements;
    }
}
