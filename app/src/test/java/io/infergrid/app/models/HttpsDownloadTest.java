package io.infergrid.app.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Downloads from a server on this computer that breaks off, changes its mind and lies. */
@Timeout(60)
class HttpsDownloadTest {

    private static final int BYTES = 3_000_000;

    @TempDir
    Path folder;

    private final byte[] content = bytes(1);
    private final List<String> ranges = new CopyOnWriteArrayList<>();
    private HttpServer server;
    private Path file;

    private static byte[] bytes(long seed) {
        byte[] bytes = new byte[BYTES];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        file = folder.resolve("model.gguf");
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    /** How the server answers one request; the first byte that is asked for is given. */
    @FunctionalInterface
    private interface Answer {
        void to(HttpExchange exchange, int from) throws IOException;
    }

    /** Answers to the first, second, ... request; the last also to all further. */
    private URI serve(Answer... answers) {
        server.createContext("/model", exchange -> {
            String range = exchange.getRequestHeaders().getFirst("Range");
            ranges.add(String.valueOf(range));
            int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
            answers[Math.min(answers.length, ranges.size()) - 1].to(exchange, from);
            exchange.close();
        });
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/model");
    }

    private static Answer honest(byte[] content, String tag) {
        return (exchange, from) -> send(exchange, content, tag, from, content.length);
    }

    /** Sends up to byte {@code end}, whatever it promised. */
    private static Answer breaksOffAt(int end, byte[] content, String tag) {
        return (exchange, from) -> send(exchange, content, tag, from, end);
    }

    private static void send(HttpExchange exchange, byte[] content, String tag, int from, int end) throws IOException {
        String condition = exchange.getRequestHeaders().getFirst("If-Range");
        boolean part = from > 0 && (condition == null || condition.equals(tag));
        int start = part ? from : 0;
        exchange.getResponseHeaders().add("ETag", tag);
        if (part) {
            exchange.getResponseHeaders()
                    .add("Content-Range", "bytes " + start + "-" + (content.length - 1) + "/" + content.length);
        }
        exchange.sendResponseHeaders(part ? 206 : 200, content.length - start);
        exchange.getResponseBody().write(content, start, Math.max(0, Math.min(end, content.length) - start));
        exchange.getResponseBody().flush();
    }

    private String fetch(URI from, Optional<String> sha256) throws Exception {
        var patience = new HttpsDownload.Patience(3, Duration.ofMillis(1), Duration.ofSeconds(20));
        return new HttpsDownload(patience).fetch(from, file, sha256, (bytes, total) -> {}, () -> false);
    }

    private void arrived(byte[] expected) throws IOException {
        assertThat(Arrays.equals(Files.readAllBytes(file), expected)).isTrue();
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }

    @Test
    void a_file_arrives_with_its_checksum() throws Exception {
        URI from = serve(honest(content, "\"1\""));
        assertThat(fetch(from, Optional.of(sha256(content)))).isEqualTo(sha256(content));
        arrived(content);
    }

    @Test
    void what_breaks_off_goes_on_where_it_was() throws Exception {
        URI from = serve(
                breaksOffAt(1_000_000, content, "\"1\""),
                breaksOffAt(2_000_000, content, "\"1\""),
                honest(content, "\"1\""));
        fetch(from, Optional.empty());
        arrived(content);
        assertThat(ranges).hasSize(3).doesNotHaveDuplicates().first().isEqualTo("null");
    }

    @Test
    void a_download_that_was_stopped_goes_on_in_the_next_run() throws Exception {
        URI from = serve(honest(content, "\"1\""));
        var download = new HttpsDownload(HttpsDownload.Patience.USUAL);
        var came = new long[1];
        assertThatThrownBy(() -> download.fetch(
                        from, file, Optional.empty(), (bytes, total) -> came[0] = bytes, () -> came[0] > 1_000_000))
                .isInstanceOf(CancellationException.class);
        fetch(from, Optional.empty());
        arrived(content);
        assertThat(ranges).hasSize(2);
        assertThat(Integer.parseInt(ranges.get(1).replaceAll("\\D", ""))).isGreaterThan(1_000_000);
    }

    @Test
    void a_server_that_knows_no_ranges_sends_all_again() throws Exception {
        URI from = serve(breaksOffAt(1_000_000, content, "\"1\""), (exchange, start) -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content);
        });
        fetch(from, Optional.empty());
        arrived(content);
    }

    @Test
    void a_file_that_changed_meanwhile_is_fetched_anew() throws Exception {
        byte[] changed = bytes(2);
        URI from = serve(breaksOffAt(1_000_000, content, "\"1\""), honest(changed, "\"2\""));
        fetch(from, Optional.empty());
        arrived(changed);
    }

    @Test
    void a_server_that_mixes_two_files_is_found_out_by_the_checksum_and_asked_once_more() throws Exception {
        byte[] changed = bytes(2);
        Answer lying = (exchange, start) -> {
            exchange.getResponseHeaders().add("Content-Range", "bytes " + start + "-" + (BYTES - 1) + "/" + BYTES);
            exchange.sendResponseHeaders(206, BYTES - start);
            exchange.getResponseBody().write(changed, start, BYTES - start);
        };
        URI from = serve(breaksOffAt(1_000_000, content, "\"1\""), lying, honest(content, "\"1\""));
        fetch(from, Optional.of(sha256(content)));
        arrived(content);
    }

    @Test
    void another_file_than_the_checksum_names_is_not_kept() throws Exception {
        URI from = serve(honest(content, "\"1\""));
        assertThatThrownBy(() -> fetch(from, Optional.of(sha256(bytes(2)))))
                .isInstanceOf(IOException.class)
                .hasMessageMatching("expected a file with the SHA-256 [0-9a-f]{64}, found " + sha256(content));
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void another_range_than_was_asked_for_is_not_mixed_in() throws Exception {
        Answer shifted = (exchange, start) -> {
            exchange.getResponseHeaders().add("ETag", "\"1\"");
            exchange.getResponseHeaders()
                    .add("Content-Range", "bytes " + (start + 7) + "-" + (BYTES - 1) + "/" + BYTES);
            exchange.sendResponseHeaders(206, BYTES - start - 7);
            exchange.getResponseBody().write(content, start + 7, BYTES - start - 7);
        };
        URI from = serve(breaksOffAt(1_000_000, content, "\"1\""), shifted, honest(content, "\"1\""));
        fetch(from, Optional.empty());
        arrived(content);
    }

    @Test
    void a_length_that_no_disk_has_is_refused_before_a_byte_is_taken() throws Exception {
        URI from = serve((exchange, start) -> {
            exchange.sendResponseHeaders(200, 1L << 60);
            exchange.getResponseBody().write(content, 0, 1000);
            exchange.getResponseBody().flush();
        });
        assertThatThrownBy(() -> fetch(from, Optional.empty())).hasMessageContaining("expected room for " + (1L << 60));
        assertThat(folder.resolve("model.gguf.part")).doesNotExist();
    }

    @Test
    void a_server_that_never_sends_more_is_given_up() throws Exception {
        URI from = serve(breaksOffAt(1_000, content, "\"1\""));
        assertThatThrownBy(() -> fetch(from, Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("after 3 attempts");
    }

    @Test
    void a_refusal_of_the_server_is_not_tried_again() throws Exception {
        URI from = serve((exchange, start) -> exchange.sendResponseHeaders(404, -1));
        assertThatThrownBy(() -> fetch(from, Optional.empty())).hasMessageContaining("found its answer 404");
        assertThat(ranges).hasSize(1);
    }

    @Test
    void redirects_are_followed_but_not_for_ever_and_not_anywhere() throws Exception {
        URI from = serve(honest(content, "\"1\""));
        String host = "http://127.0.0.1:" + server.getAddress().getPort();
        redirect("/there", from.toString());
        redirect("/round", host + "/round");
        redirect("/out", "http://192.0.2.1/model");
        redirect("/file", "file:///etc/passwd");
        fetch(URI.create(host + "/there"), Optional.empty());
        arrived(content);
        assertThatThrownBy(() -> fetch(URI.create(host + "/round"), Optional.empty()))
                .hasMessage("expected up to 5 redirects, found more");
        assertThatThrownBy(() -> fetch(URI.create(host + "/out"), Optional.empty()))
                .hasMessage("expected an https URL, found 'http' to 192.0.2.1");
        assertThatThrownBy(() -> fetch(URI.create(host + "/file"), Optional.empty()))
                .hasMessageContaining("expected a URL like https://host/path");
    }

    private void redirect(String path, String to) {
        server.createContext(path, exchange -> {
            exchange.getResponseHeaders().add("Location", to);
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });
    }

    @Test
    void only_https_leaves_this_computer() {
        for (String url :
                List.of("http://example.org/model", "ftp://127.0.0.1/model", "http://127.0.0.1.example.org/x")) {
            assertThatThrownBy(() -> fetch(URI.create(url), Optional.empty()))
                    .as(url)
                    .hasMessageContaining("expected an https URL");
        }
        assertThatThrownBy(() -> fetch(URI.create("https://user:secret@example.org/model"), Optional.empty()))
                .hasMessageContaining("expected a URL like");
    }
}
