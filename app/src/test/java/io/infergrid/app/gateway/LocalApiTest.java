package io.infergrid.app.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.infergrid.app.paths.Home;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalApiTest {

    private static final String TOKEN = "0123456789abcdef0123456789abcdef";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ScriptedRig rig = new ScriptedRig();
    private final HttpClient client = HttpClient.newHttpClient();
    private LocalApi api;

    @BeforeEach
    @BeforeProperty
    void serve() throws IOException {
        api = new LocalApi(rig, 0, TOKEN, true, () -> {}, Clock.systemUTC(), new SplittableRandom(7));
    }

    @AfterEach
    @AfterProperty
    void stop() {
        api.close();
        client.close();
    }

    private HttpResponse<String> post(String path, String body, String... headers) {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.port() + path))
                .header("Authorization", "Bearer " + TOKEN)
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String chat(String text, String more) {
        return "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]" + more + "}";
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new AssertionError(text, e);
        }
    }

    // ---- downloads

    @Test
    void downloads_are_begun_and_what_cannot_be_held_is_refused_with_the_reason() {
        String root = "ab".repeat(32);
        assertThat(post("/infergrid/downloads/fetch/" + root, "").statusCode()).isEqualTo(200);
        var refused = post("/infergrid/downloads/pause/" + root, "");
        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(json(refused.body()).at("/error/message").asText())
                .isEqualTo("expected a download of the model " + root + ", found none");
        for (String wrong : List.of("", "pause", "pause/", "pause/12", "burn/" + root, "pause/" + root + "/more")) {
            assertThat(post("/infergrid/downloads/" + wrong, "").statusCode())
                    .as(wrong)
                    .isEqualTo(400);
        }
    }

    // ---- answers

    @Test
    void a_chat_is_answered_whole_with_its_usage() {
        var response = post("/v1/chat/completions", chat("one two three", ",\"seed\":5,\"temperature\":0.5"));
        assertThat(response.statusCode()).isEqualTo(200);
        JsonNode body = json(response.body());
        assertThat(body.at("/object").asText()).isEqualTo("chat.completion");
        assertThat(body.at("/choices/0/message/content").asText()).isEqualTo("one two three");
        assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(body.at("/usage/total_tokens").asInt()).isEqualTo(6);
        assertThat(rig.asked.getFirst().seed()).isEqualTo(5);
        assertThat(rig.asked.getFirst().temperature()).isEqualTo(0.5f);
    }

    @Test
    void a_chat_is_streamed_token_by_token_and_ends_with_done() {
        var response = post(
                "/v1/chat/completions",
                chat("one two three", ",\"stream\":true,\"max_tokens\":2,\"stream_options\":{\"include_usage\":true}"));
        assertThat(response.headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
        List<String> events = events(response.body());
        assertThat(events.getLast()).isEqualTo("[DONE]");
        List<JsonNode> chunks = events.subList(0, events.size() - 1).stream()
                .map(LocalApiTest::json)
                .toList();
        assertThat(chunks.getFirst().at("/choices/0/delta/role").asText()).isEqualTo("assistant");
        assertThat(chunks.stream()
                        .map(c -> c.at("/choices/0/delta/content").asText())
                        .collect(Collectors.joining()))
                .isEqualTo("one two ");
        assertThat(chunks.get(chunks.size() - 2).at("/choices/0/finish_reason").asText())
                .isEqualTo("length");
        assertThat(chunks.getLast().at("/usage/completion_tokens").asInt()).isEqualTo(2);
    }

    @Test
    void a_plain_completion_continues_its_prompt() {
        JsonNode body = json(post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"a b\",\"stop\":[\"x\",\"y\"]}")
                .body());
        assertThat(body.at("/object").asText()).isEqualTo("text_completion");
        assertThat(body.at("/choices/0/text").asText()).isEqualTo("a b");
        assertThat(rig.asked.getFirst().stop()).containsExactly("x", "y");
    }

    @Test
    void the_model_that_is_served_is_listed_and_another_is_refused() throws Exception {
        var list = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.port() + "/v1/models"))
                        .header("Authorization", "Bearer " + TOKEN)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(json(list.body()).at("/data/0/id").asText()).isEqualTo("demo");
        var other = post("/v1/completions", "{\"model\":\"gpt\",\"prompt\":\"a\"}");
        assertThat(other.statusCode()).isEqualTo(404);
        assertThat(json(other.body()).at("/error/code").asText()).isEqualTo("model_not_found");
    }

    @Test
    void a_client_that_leaves_ends_the_work_for_it() throws Exception {
        rig.endless = true;
        String body = chat("word", ",\"stream\":true,\"max_tokens\":1000000");
        try (Socket socket = new Socket("127.0.0.1", api.port())) {
            socket.getOutputStream().write(raw("127.0.0.1", body).getBytes(StandardCharsets.UTF_8));
            assertThat(socket.getInputStream().read(new byte[512])).isPositive();
        }
        assertThat(rig.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void a_client_that_leaves_before_anything_is_written_to_it_ends_the_work_too() throws Exception {
        rig.endless = true;
        String body = chat("word", ",\"max_tokens\":1000000");
        try (Socket socket = new Socket("127.0.0.1", api.port())) {
            socket.getOutputStream().write(raw("127.0.0.1", body).getBytes(StandardCharsets.UTF_8));
            assertThat(rig.began.await(10, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(rig.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void a_client_that_stays_is_not_taken_for_one_that_left() throws Exception {
        String request = raw("127.0.0.1", chat("one two three", ""));
        try (Socket socket = new Socket("127.0.0.1", api.port())) {
            for (int i = 0; i < 2; i++) { // one connection serves one request after the other
                socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
                var answer = new StringBuilder();
                byte[] some = new byte[512];
                while (!answer.toString().contains("one two three")) {
                    int read = socket.getInputStream().read(some);
                    assertThat(read).isPositive();
                    answer.append(new String(some, 0, read, StandardCharsets.UTF_8));
                }
                while (!answer.toString().endsWith("}")) {
                    int read = socket.getInputStream().read(some);
                    assertThat(read).isPositive();
                    answer.append(new String(some, 0, read, StandardCharsets.UTF_8));
                }
                assertThat(answer.toString()).startsWith("HTTP/1.1 200");
            }
        }
        assertThat(rig.cancelled.getCount()).isEqualTo(1);
    }

    @Test
    void a_rig_that_is_paused_says_so_with_503_and_a_grid_that_breaks_while_streaming_ends_the_stream_with_an_error() {
        assertThat(events(post("/v1/completions", "{\"prompt\":\"fail late\",\"stream\":true}")
                                .body())
                        .get(1))
                .contains("expected three stages");
        rig.pause();
        var response = post("/v1/chat/completions", chat("x", ",\"stream\":true"));
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(json(response.body()).at("/error/message").asText()).contains("Paused by you");
    }

    // ---- who may ask, and what

    @Test
    void without_the_token_only_health_is_answered() throws Exception {
        for (String path : List.of("/v1/models", "/infergrid/status")) {
            var response = client.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.port() + path))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(401);
            assertThat(response.body()).doesNotContain(TOKEN);
        }
        var health = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.port() + "/health"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(json(health.body()).at("/status").asText()).isEqualTo("ok");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://evil.example", "null", "http://127.0.0.1.evil.example", "file://"})
    void a_page_of_another_origin_is_refused_even_with_the_token(String origin) {
        assertThat(post("/v1/completions", "{\"prompt\":\"a\"}", "Origin", origin)
                        .statusCode())
                .isEqualTo(403);
        assertThat(rig.asked).isEmpty();
    }

    @Test
    void a_request_for_another_host_name_is_refused() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", api.port())) {
            socket.getOutputStream().write(raw("evil.example", chat("x", "")).getBytes(StandardCharsets.UTF_8));
            byte[] answer = new byte[64];
            int read = socket.getInputStream().read(answer);
            assertThat(new String(answer, 0, read, StandardCharsets.UTF_8)).startsWith("HTTP/1.1 403");
        }
        assertThat(rig.asked).isEmpty();
    }

    @Test
    void a_body_over_the_limit_is_refused_with_413() {
        String large = chat("x".repeat(LocalApi.BODY_LIMIT_BYTES), "");
        assertThat(post("/v1/chat/completions", large).statusCode()).isEqualTo(413);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{}",
                "{\"messages\":[]}",
                "{\"messages\":[{\"role\":\"wizard\",\"content\":\"x\"}]}",
                "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":0}",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":\"hot\"}",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":3}",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"n\":2}",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":\"yes\"}"
            })
    void a_request_that_makes_no_sense_is_refused_in_words(String body) {
        var response = post("/v1/chat/completions", body);
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response.body()).at("/error/message").asText()).contains("expected");
        assertThat(rig.asked).isEmpty();
    }

    @Property(tries = 200)
    void any_text_as_a_body_is_refused_or_answered_never_a_failure(@ForAll String body) {
        assertThat(post("/v1/chat/completions", body).statusCode()).isBetween(200, 499);
    }

    // ---- the rig's verbs

    @Test
    void another_process_finds_the_instance_and_pauses_it(@TempDir Path directory) throws Exception {
        Home home = Home.under(directory).create();
        assertThat(RunningInstance.find(home)).isEmpty();
        String token = RunningInstance.token(home);
        assertThat(RunningInstance.token(home)).isEqualTo(token).hasSize(64);
        if (Files.getFileStore(directory).supportsFileAttributeView("posix")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(RunningInstance.tokenFile(home))))
                    .isEqualTo("rw-------");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.state())))
                    .isEqualTo("rwx------");
        }
        try (var own = new LocalApi(rig, 0, token, true, () -> {}, Clock.systemUTC(), new SplittableRandom(7))) {
            RunningInstance.announce(home, own.port());
            RunningInstance instance = RunningInstance.find(home).orElseThrow();
            assertThat(instance.status().path("state").asText()).isEqualTo("running");
            assertThat(instance.verb("pause").path("sentence").asText()).contains("Paused by you");
            assertThat(instance.verb("start").path("state").asText()).isEqualTo("running");
        }
        RunningInstance.retract(home);
        assertThat(RunningInstance.find(home)).isEmpty();
    }

    private static List<String> events(String body) {
        var events = new ArrayList<String>();
        for (String line : body.split("\n\n")) {
            assertThat(line).startsWith("data: ");
            events.add(line.substring("data: ".length()));
        }
        return events;
    }

    private static String raw(String host, String body) {
        return "POST /v1/chat/completions HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + TOKEN
                + "\r\nContent-Length: " + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }
}
