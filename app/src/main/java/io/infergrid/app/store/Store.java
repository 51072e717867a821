package io.infergrid.app.store;

import static java.util.Objects.requireNonNull;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.core.JobRecord;
import io.infergrid.app.core.Notice;
import io.infergrid.app.core.SwarmView;
import io.infergrid.app.paths.Home;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rig's database. Thread-safe: one thread writes, readers use a connection of their own and never wait for it (WAL). A
 * method that writes returns when the write is committed; {@link #jobEnded} also when it is on the disk, so that a job reported
 * as finished outlives a loss of power in the next instant.
 */
public final class Store implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Store.class);
    private static final Duration BACKUP_EVERY = Duration.ofDays(1);

    private final Path database;
    private final Clock clock;
    private final Connection writer;
    private final Connection reader;
    private final Object reading = new Object();
    private final ExecutorService writes = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(10_000),
            Thread.ofPlatform().name("store-writer").daemon().factory());
    private final Optional<String> recovery;

    private Store(Path database, Clock clock, Connection writer, Connection reader, Optional<String> recovery) {
        this.database = database;
        this.clock = clock;
        this.writer = writer;
        this.reader = reader;
        this.recovery = recovery;
    }

    // ---- opening and closing

    /**
     * Opens the database for the one process that writes it, which must hold the instance lock: makes it if it is missing,
     * brings it to this version, restores the last backup if it is damaged (see {@link #recovery}), and ends the jobs that a
     * process which died left running.
     */
    public static Store open(Path database, Clock clock) {
        Home.ownerOnly(requireNonNull(database.toAbsolutePath().getParent()));
        var backups = new Backups(database, clock);
        Optional<String> recovery = Optional.empty();
        try {
            if (Files.exists(database)) {
                Optional<String> damage = damage(database);
                if (damage.isPresent()) {
                    recovery = Optional.of(restore(database, backups, damage.get(), clock));
                }
            }
            Connection writer = connect(database);
            try {
                Migrations.apply(writer, database, backups);
                endJobsOfTheDead(writer);
                backups.makeIfOlderThan(BACKUP_EVERY, writer);
                return new Store(database, clock, writer, connect(database), recovery);
            } catch (SQLException | RuntimeException e) {
                writer.close();
                throw e;
            }
        } catch (SQLException e) {
            throw new StoreException("expected to open the database " + database + ", found: " + e.getMessage(), e);
        }
    }

    /** Opens an existing database beside the process that writes it, to look at it; empty if there is none yet. */
    public static Optional<Store> openToRead(Path database, Clock clock) {
        if (!Files.exists(database)) {
            return Optional.empty();
        }
        try {
            Connection connection = connect(database);
            try {
                int version = Migrations.version(connection);
                Migrations.refuseNewer(version, database);
                if (version < Migrations.latest()) {
                    throw new StoreException(
                            "expected a database of version " + Migrations.latest() + ", found version " + version
                                    + " in " + database + ": start InferGrid once to bring it up to date");
                }
                try (Statement statement = connection.createStatement()) {
                    statement.execute("pragma query_only = on");
                }
                return Optional.of(new Store(database, clock, connection, connection, Optional.empty()));
            } catch (SQLException | RuntimeException e) {
                connection.close();
                throw e;
            }
        } catch (SQLException e) {
            throw new StoreException("expected to read the database " + database + ", found: " + e.getMessage(), e);
        }
    }

    /** What was wrong with the database and what was done about it, in words for the owner; empty if it was sound. */
    public Optional<String> recovery() {
        return recovery;
    }

    public Path file() {
        return database;
    }

    /** The schema's version. */
    public int version() {
        return read(Migrations::version);
    }

    @Override
    public void close() {
        writes.shutdown();
        try {
            if (!writes.awaitTermination(10, TimeUnit.SECONDS)) {
                log.warn("writes to {} did not end within 10 s", database);
            }
            synchronized (reading) {
                reader.close();
                writer.close();
            }
        } catch (SQLException e) {
            throw new StoreException("expected to close the database " + database + ", found: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Connection connect(Path database) throws SQLException {
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        try (Statement statement = connection.createStatement()) {
            statement.execute("pragma busy_timeout = 5000");
            statement.execute("pragma journal_mode = wal");
            statement.execute("pragma synchronous = normal");
            statement.execute("pragma foreign_keys = on");
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    private static Optional<String> damage(Path database) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("pragma quick_check(1)")) {
            String found = rows.next() ? rows.getString(1) : "no answer";
            return found.equals("ok") ? Optional.empty() : Optional.of(found);
        } catch (SQLException e) {
            String message = String.valueOf(e.getMessage());
            if (message.contains("SQLITE_CORRUPT") || message.contains("SQLITE_NOTADB")) {
                return Optional.of(message);
            }
            throw new StoreException("expected to open the database " + database + ", found: " + message, e);
        }
    }

    /** Moves the damaged files aside, never deletes them, and puts the newest backup that is sound in their place. */
    private static String restore(Path database, Backups backups, String damage, Clock clock) {
        String name = database.getFileName().toString();
        String aside = name + ".damaged-" + clock.instant().toEpochMilli();
        try {
            for (String suffix : List.of("", "-wal", "-shm")) {
                Path part = database.resolveSibling(name + suffix);
                if (Files.exists(part)) {
                    Files.move(part, database.resolveSibling(aside + suffix));
                }
            }
            for (Path backup : backups.newestFirst()) {
                if (damage(backup).isEmpty()) {
                    Files.copy(backup, database, StandardCopyOption.COPY_ATTRIBUTES);
                    return "The database was damaged (" + damage + "). The backup " + backup.getFileName()
                            + " was restored; the damaged file is kept as " + aside + ".";
                }
            }
            return "The database was damaged (" + damage
                    + ") and there was no backup. A new one was made; the damaged file" + " is kept as " + aside + ".";
        } catch (IOException e) {
            throw new UncheckedIOException("expected to move the damaged database " + database + " aside", e);
        }
    }

    private static void endJobsOfTheDead(Connection writer) throws SQLException {
        try (Statement statement = writer.createStatement()) {
            statement.executeUpdate("update jobs set state = 'failed', error = 'InferGrid ended before the job did.'"
                    + " where state = 'running'");
        }
    }

    // ---- jobs

    /** Stores a job that begins, or one that is known already and changed. */
    public void jobChanged(JobRecord job) {
        change(false, connection -> upsert(connection, job));
    }

    /** Stores a job that ended, with its windows; when this returns it is on the disk. */
    public void jobEnded(JobRecord job, List<JobRecord.Window> windows) {
        change(true, connection -> {
            upsert(connection, job);
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into windows (job_id, window_index, first_position, positions, tokens_sha256, duration_millis)
                    values (?, ?, ?, ?, ?, ?)
                    on conflict (job_id, window_index) do update set
                      first_position = excluded.first_position, positions = excluded.positions,
                      tokens_sha256 = excluded.tokens_sha256, duration_millis = excluded.duration_millis""")) {
                for (JobRecord.Window window : windows) {
                    statement.setString(1, job.id());
                    statement.setInt(2, window.index());
                    statement.setInt(3, window.firstPosition());
                    statement.setInt(4, window.positions());
                    statement.setString(5, window.tokensSha256());
                    statement.setLong(6, window.durationMillis());
                    statement.addBatch();
                }
                statement.executeBatch();
            }
        });
    }

    private static void upsert(Connection connection, JobRecord job) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("""
                insert into jobs (id, started_at, duration_millis, model, state, prompt_tokens, completion_tokens, stages,
                  transcript_sha256, error)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                on conflict (id) do update set
                  duration_millis = excluded.duration_millis, state = excluded.state,
                  prompt_tokens = excluded.prompt_tokens, completion_tokens = excluded.completion_tokens,
                  stages = excluded.stages, transcript_sha256 = excluded.transcript_sha256, error = excluded.error""")) {
            statement.setString(1, job.id());
            statement.setLong(2, job.startedAt().toEpochMilli());
            statement.setLong(3, job.durationMillis());
            statement.setString(4, job.model());
            statement.setString(5, job.state());
            statement.setInt(6, job.promptTokens());
            statement.setInt(7, job.completionTokens());
            statement.setString(8, String.join("\n", job.stages()));
            statement.setString(9, job.transcriptSha256());
            statement.setString(10, job.error());
            statement.executeUpdate();
        }
    }

    /**
     * Stored jobs, newest first.
     *
     * @param search matched against id, model, state and peer ids, whatever its case; empty for all
     */
    public List<JobRecord> jobs(String search, int limit) {
        return read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    select * from jobs
                    where ?1 = '' or id like ?2 escape '\\' or model like ?2 escape '\\' or state like ?2 escape '\\'
                      or stages like ?2 escape '\\'
                    order by started_at desc, id limit ?3""")) {
                statement.setString(1, search);
                statement.setString(2, "%" + search.replaceAll("([\\\\%_])", "\\\\$1") + "%");
                statement.setInt(3, limit);
                return all(statement, Store::job);
            }
        });
    }

    public List<JobRecord.Window> windows(String jobId) {
        return read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("select * from windows where job_id = ? order by window_index")) {
                statement.setString(1, jobId);
                return all(
                        statement,
                        row -> new JobRecord.Window(
                                row.getInt("window_index"),
                                row.getInt("first_position"),
                                row.getInt("positions"),
                                row.getString("tokens_sha256"),
                                row.getLong("duration_millis")));
            }
        });
    }

    /** Number of jobs in each state. */
    public Map<String, Long> jobCounts() {
        return read(connection -> {
            var counts = new LinkedHashMap<String, Long>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows =
                            statement.executeQuery("select state, count(*) from jobs group by state order by state")) {
                while (rows.next()) {
                    counts.put(rows.getString(1), rows.getLong(2));
                }
            }
            return counts;
        });
    }

    private static JobRecord job(ResultSet row) throws SQLException {
        String stages = row.getString("stages");
        return new JobRecord(
                row.getString("id"),
                Instant.ofEpochMilli(row.getLong("started_at")),
                row.getLong("duration_millis"),
                row.getString("model"),
                row.getString("state"),
                row.getInt("prompt_tokens"),
                row.getInt("completion_tokens"),
                stages.isEmpty() ? List.of() : List.of(stages.split("\n")),
                row.getString("transcript_sha256"),
                row.getString("error"));
    }

    // ---- benchmark runs

    /** Stores a run and returns it with the id that it got. */
    public BenchmarkRecord benchmarkDone(BenchmarkRecord run) {
        return write(true, connection -> {
            long id;
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into benchmark_runs (started_at, device, backend, conformant, conformance_digest)
                    values (?, ?, ?, ?, ?) returning id""")) {
                statement.setLong(1, run.startedAt().toEpochMilli());
                statement.setString(2, run.device());
                statement.setString(3, run.backend());
                statement.setInt(4, run.conformant() ? 1 : 0);
                statement.setString(5, run.conformanceDigest());
                try (ResultSet row = statement.executeQuery()) {
                    id = row.getLong(1);
                }
            }
            try (PreparedStatement statement = connection.prepareStatement(
                    "insert into benchmark_figures (run_id, figure, value) values (?, ?, ?)")) {
                for (Map.Entry<String, Double> figure : run.figures().entrySet()) {
                    statement.setLong(1, id);
                    statement.setString(2, figure.getKey());
                    statement.setDouble(3, figure.getValue());
                    statement.addBatch();
                }
                statement.executeBatch();
            }
            return new BenchmarkRecord(
                    id,
                    run.startedAt(),
                    run.device(),
                    run.backend(),
                    run.conformant(),
                    run.conformanceDigest(),
                    run.figures());
        });
    }

    /** Stored runs, newest first. */
    public List<BenchmarkRecord> benchmarks(int limit) {
        return read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("select * from benchmark_runs order by id desc limit ?")) {
                statement.setInt(1, limit);
                List<BenchmarkRecord> runs = all(
                        statement,
                        row -> new BenchmarkRecord(
                                row.getLong("id"),
                                Instant.ofEpochMilli(row.getLong("started_at")),
                                row.getString("device"),
                                row.getString("backend"),
                                row.getInt("conformant") != 0,
                                row.getString("conformance_digest"),
                                Map.of()));
                var whole = new ArrayList<BenchmarkRecord>();
                for (BenchmarkRecord run : runs) {
                    whole.add(new BenchmarkRecord(
                            run.id(),
                            run.startedAt(),
                            run.device(),
                            run.backend(),
                            run.conformant(),
                            run.conformanceDigest(),
                            figures(connection, run.id())));
                }
                return whole;
            }
        });
    }

    private static Map<String, Double> figures(Connection connection, long run) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select figure, value from benchmark_figures where run_id = ?")) {
            statement.setLong(1, run);
            var figures = new LinkedHashMap<String, Double>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    figures.put(rows.getString(1), rows.getDouble(2));
                }
            }
            return figures;
        }
    }

    // ---- history of the rig

    public void peersSeen(List<SwarmView.Peer> peers) {
        long now = clock.millis();
        change(false, connection -> {
            try (PreparedStatement statement = connection.prepareStatement("""
                    insert into peers_seen (peer_id, address, role, device, first_seen_at, last_seen_at)
                    values (?, ?, ?, ?, ?5, ?5)
                    on conflict (peer_id) do update set address = excluded.address, role = excluded.role,
                      device = excluded.device, last_seen_at = excluded.last_seen_at""")) {
                for (SwarmView.Peer peer : peers) {
                    statement.setString(1, peer.peerId());
                    statement.setString(2, peer.address());
                    statement.setString(3, peer.role());
                    statement.setString(4, peer.device());
                    statement.setLong(5, now);
                    statement.addBatch();
                }
                statement.executeBatch();
            }
        });
    }

    /** Number of peers ever seen. */
    public long peersEverSeen() {
        return read(connection -> {
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("select count(*) from peers_seen")) {
                return row.getLong(1);
            }
        });
    }

    /** @param json the settings after the change */
    public void settingsChanged(String json) {
        change(false, connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("insert into settings_history (changed_at, settings) values (?, ?)")) {
                statement.setLong(1, clock.millis());
                statement.setString(2, json);
                statement.executeUpdate();
            }
        });
    }

    public void happened(Notice notice) {
        change(false, connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "insert into rig_events (happened_at, severity, text) values (?, ?, ?)")) {
                statement.setLong(1, notice.at().toEpochMilli());
                statement.setString(2, notice.severity().name().toLowerCase(Locale.ROOT));
                statement.setString(3, notice.text());
                statement.executeUpdate();
            }
        });
    }

    /** What happened, newest first. */
    public List<Notice> notices(int limit) {
        return read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "select * from rig_events order by happened_at desc, id desc limit ?")) {
                statement.setInt(1, limit);
                return all(
                        statement,
                        row -> new Notice(
                                Instant.ofEpochMilli(row.getLong("happened_at")),
                                Notice.Severity.valueOf(
                                        row.getString("severity").toUpperCase(Locale.ROOT)),
                                row.getString("text")));
            }
        });
    }

    // ---- one writer, any reader

    private interface Sql<T> {
        T run(Connection connection) throws SQLException;
    }

    private interface SqlChange {
        void run(Connection connection) throws SQLException;
    }

    private interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    private static <T> List<T> all(PreparedStatement statement, Row<T> each) throws SQLException {
        var all = new ArrayList<T>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                all.add(each.read(rows));
            }
        }
        return all;
    }

    private <T> T read(Sql<T> query) {
        synchronized (reading) {
            try {
                return query.run(reader);
            } catch (SQLException e) {
                throw new StoreException("expected an answer from " + database + ", found: " + e.getMessage(), e);
            }
        }
    }

    private void change(boolean durable, SqlChange change) {
        write(durable, connection -> {
            change.run(connection);
            return true;
        });
    }

    /** @param durable whether the commit waits for the disk */
    private <T> T write(boolean durable, Sql<T> change) {
        Callable<T> transaction = () -> {
            try (Statement statement = writer.createStatement()) {
                statement.execute(durable ? "pragma synchronous = full" : "pragma synchronous = normal");
            }
            writer.setAutoCommit(false);
            try {
                T result = change.run(writer);
                writer.commit();
                return result;
            } catch (SQLException | RuntimeException e) {
                writer.rollback();
                throw e;
            } finally {
                writer.setAutoCommit(true);
            }
        };
        try {
            return writes.submit(transaction).get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new StoreException("expected to write to " + database + ", found: " + cause.getMessage(), cause);
        } catch (RejectedExecutionException e) {
            throw new StoreException("expected an open database, found that " + database + " is closed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("interrupted while writing to " + database, e);
        }
    }
}
