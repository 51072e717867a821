package io.infergrid.app.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.core.JobRecord;
import io.infergrid.app.core.Notice;
import io.infergrid.app.core.SwarmView;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.DriverManager;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {

    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void nameTheDatabase() {
        file = directory.resolve("infergrid.db");
    }

    private Store open() {
        return Store.open(file, Clock.systemUTC());
    }

    static JobRecord job(String id, String state) {
        return new JobRecord(id, NOON, 2000, "demo", state, 7, 50, List.of("peerA", "peerB"), "c0ffee", "");
    }

    @Test
    void a_finished_job_is_read_back_with_its_windows_by_the_next_program() {
        var windows = List.of(new JobRecord.Window(0, 0, 32, "aa", 1200), new JobRecord.Window(1, 32, 25, "bb", 800));
        try (Store store = open()) {
            store.jobChanged(job("one", "running"));
            store.jobEnded(job("one", "finished"), windows);
        }
        try (Store store = open()) {
            assertThat(store.jobs("", 10)).containsExactly(job("one", "finished"));
            assertThat(store.windows("one")).isEqualTo(windows);
            assertThat(store.recovery()).isEmpty();
        }
    }

    @Test
    void a_job_that_its_program_did_not_outlive_is_told_so_at_the_next_start() {
        try (Store store = open()) {
            store.jobChanged(job("one", "running"));
        }
        try (Store store = open()) {
            assertThat(store.jobs("", 10)).singleElement().satisfies(job -> {
                assertThat(job.state()).isEqualTo("failed");
                assertThat(job.error()).contains("ended before the job did");
            });
        }
    }

    @Test
    void a_search_takes_what_is_typed_literally() {
        try (Store store = open()) {
            store.jobEnded(job("a%b", "finished"), List.of());
            store.jobEnded(job("axb", "finished"), List.of());
            store.jobEnded(job("a_b", "cancelled"), List.of());
            assertThat(store.jobs("a%b", 10)).extracting(JobRecord::id).containsExactly("a%b");
            assertThat(store.jobs("a_b", 10)).extracting(JobRecord::id).containsExactly("a_b");
            assertThat(store.jobs("PEERB", 10)).hasSize(3);
            assertThat(store.jobs("cancel", 10)).hasSize(1);
            assertThat(store.jobs("'; drop table jobs; --", 10)).isEmpty();
            assertThat(store.jobCounts()).isEqualTo(Map.of("finished", 2L, "cancelled", 1L));
        }
    }

    @Test
    void ten_thousand_jobs_are_searched_faster_than_a_user_types() throws Exception {
        open().close();
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                var statement = connection.createStatement()) {
            statement.executeUpdate("""
                    with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
                    insert into jobs select printf('job-%05d', i), 1763683200000 + i * 1000, 1500, 'demo', 'finished', 5, 40,
                      'peerA' || char(10) || 'peerB', 'ab', '' from n""");
        }
        try (Store store = open()) {
            store.jobs("", 1);
            Duration slowest = Duration.ZERO;
            for (String search : List.of("", "job-00001", "no such job")) {
                long start = System.nanoTime();
                int found = store.jobs(search, 200).size();
                Duration took = Duration.ofNanos(System.nanoTime() - start);
                slowest = slowest.compareTo(took) < 0 ? took : slowest;
                assertThat(found).isEqualTo(search.isEmpty() ? 200 : search.startsWith("job") ? 1 : 0);
            }
            assertThat(slowest).isLessThan(Duration.ofMillis(250));
        }
    }

    @Test
    void benchmark_runs_keep_their_figures_and_get_rising_ids() {
        var run = new BenchmarkRecord(
                0, NOON, "llvmpipe", "vulkan", true, "ff", Map.of("memory.read.GBps", 9.25, "x", 2.0));
        try (Store store = open()) {
            long first = store.benchmarkDone(run).id();
            long second = store.benchmarkDone(run).id();
            assertThat(second).isGreaterThan(first);
            assertThat(store.benchmarks(10)).extracting(BenchmarkRecord::id).containsExactly(second, first);
            assertThat(store.benchmarks(1).getFirst().figures()).isEqualTo(run.figures());
        }
    }

    @Test
    void peers_settings_and_events_are_kept() {
        try (Store store = open()) {
            var peer = new SwarmView.Peer("id", "/ip4/127.0.0.1/tcp/1", "worker", "cpu", "0-1", Duration.ZERO, false);
            store.peersSeen(List.of(peer, peer));
            store.settingsChanged("{}");
            var notice = new Notice(NOON, Notice.Severity.WARNING, "A worker was started again.");
            store.happened(notice);
            assertThat(store.peersEverSeen()).isEqualTo(1);
            assertThat(store.notices(10)).containsExactly(notice);
        }
    }

    @Test
    void a_database_of_the_first_version_is_brought_up_with_all_its_rows_and_a_backup_before() throws Exception {
        try (InputStream in = StoreTest.class.getResourceAsStream("v1.db")) {
            Files.copy(in, file);
        }
        try (Store store = open()) {
            assertThat(store.version()).isEqualTo(Migrations.latest());
            assertThat(store.jobs("", 10)).extracting(JobRecord::id).containsExactly("02-second", "01-first");
            assertThat(store.jobs("01-first", 1).getFirst().stages()).containsExactly("peerA", "peerB", "peerC");
            assertThat(store.windows("01-first")).hasSize(2);
            assertThat(store.benchmarks(1).getFirst().figures()).containsEntry("memory.read.GBps", 9.5);
            assertThat(store.notices(1)).isEmpty();
        }
        try (var backups = Files.list(directory.resolve("backups"))) {
            assertThat(backups.map(backup -> backup.getFileName().toString()))
                    .anyMatch(name -> name.endsWith("before-v2.db"));
        }
    }

    @Test
    void a_database_of_a_newer_program_is_refused_in_words_and_left_alone() throws Exception {
        open().close();
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                var statement = connection.createStatement()) {
            statement.execute("pragma user_version = 99");
        }
        assertThatThrownBy(this::open)
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("found version 99")
                .hasMessageContaining("newer InferGrid");
        assertThatThrownBy(() -> Store.openToRead(file, Clock.systemUTC())).isInstanceOf(StoreException.class);
    }

    @Test
    void a_damaged_database_is_set_aside_and_the_last_backup_restored_and_said() throws Exception {
        try (Store store = open()) {
            store.jobEnded(job("one", "finished"), List.of());
        }
        // the backup of a later day
        try (Store store = Store.open(file, Clock.offset(Clock.systemUTC(), Duration.ofDays(2)))) {
            assertThat(store.jobs("", 10)).hasSize(1);
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(16 * 1024), 0);
        }
        try (Store store = open()) {
            assertThat(store.recovery())
                    .hasValueSatisfying(
                            text -> assertThat(text).contains("damaged").contains("restored"));
            assertThat(store.jobs("", 10)).extracting(JobRecord::id).containsExactly("one");
        }
        try (var files = Files.list(directory)) {
            assertThat(files.map(f -> f.getFileName().toString())).anyMatch(name -> name.contains(".damaged-"));
        }
    }

    @Test
    void a_file_that_is_no_database_and_has_no_backup_makes_way_for_a_new_one() throws Exception {
        Files.writeString(file, "this is not a database, it only looks like a file of some length ".repeat(100));
        try (Store store = open()) {
            assertThat(store.recovery())
                    .hasValueSatisfying(text -> assertThat(text).contains("no backup"));
            assertThat(store.jobs("", 10)).isEmpty();
        }
    }

    @Test
    void a_reader_beside_the_writer_sees_what_was_committed_and_cannot_write() {
        assertThat(Store.openToRead(file, Clock.systemUTC())).isEmpty();
        try (Store store = open()) {
            store.jobEnded(job("one", "finished"), List.of());
            try (Store reader = Store.openToRead(file, Clock.systemUTC()).orElseThrow()) {
                assertThat(reader.jobs("", 10)).hasSize(1);
                assertThatThrownBy(() -> reader.jobChanged(job("two", "running")))
                        .isInstanceOf(StoreException.class);
            }
        }
    }
}
