package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.app.core.Settings;
import io.infergrid.app.paths.Home;
import io.infergrid.app.settings.SettingsFile;
import java.io.BufferedReader;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands around a local grid that runs: {@code serve} for an OpenAI client, {@code chat}, and what others say meanwhile. */
@Timeout(300)
class ServeCommandTest {

    private static final String QUESTION = "Tell me a story about a fox.";

    @TempDir
    Path folder;

    private final StringWriter err = new StringWriter();
    private final CompletableFuture<Integer> status = new CompletableFuture<>();
    private final HttpClient client = HttpClient.newHttpClient();
    private Home home;
    private Thread serving;
    private BufferedReader lines;
    private int port;
    private String token = "wrong";

    @BeforeEach
    void serve() throws Exception {
        home = Home.under(folder).create();
        new SettingsFile(home.settings()).write(Settings.defaults().withBackend(Settings.BackendChoice.CPU));
        var out = new PipedWriter();
        lines = new BufferedReader(new PipedReader(out, 1 << 16));
        serving = Thread.ofPlatform()
                .start(() -> status.complete(CommandLineProgram.run(
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        "serve",
                        "--json",
                        "--port=0",
                        "--home=" + folder)));
    }

    @AfterEach
    void stop() throws Exception {
        serving.interrupt();
        serving.join(Duration.ofSeconds(60));
        client.close();
    }

    private JsonNode event(String name) throws Exception {
        for (String line; (line = lines.readLine()) != null; ) {
            JsonNode event = Ran.json(line);
            if (event.path("event").asText().equals(name)) {
                return event;
            }
        }
        throw new AssertionError("expected an event " + name + ", found the end: " + err);
    }

    /** As a client does it: whichever model is offered. */
    private String model() throws Exception {
        HttpResponse<String> models =
                client.send(request("models").GET().build(), HttpResponse.BodyHandlers.ofString());
        return Ran.json(models.body()).at("/data/0/id").asText();
    }

    private HttpResponse<String> ask(String model, String more) throws Exception {
        String body = "{\"model\":\"" + model
                + "\",\"max_tokens\":24,\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\"" + QUESTION
                + "\"}]" + more + "}";
        return client.send(
                request("chat/completions")
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/" + path))
                .header("Authorization", "Bearer " + token);
    }

    @Test
    void an_openai_client_is_answered_as_generate_answers_until_the_command_is_stopped() throws Exception {
        JsonNode listening = event("listening");
        Path tokenFile = Path.of(listening.path("tokenFile").asText());
        assertThat(tokenFile).startsWith(folder);
        port = listening.path("port").asInt();
        assertThat(ask("any", "").statusCode()).isEqualTo(401);
        token = Files.readString(tokenFile).strip();
        while (!event("state").path("sentence").asText().startsWith("Serving ")) {
            // it is starting
        }

        String model = model();
        HttpResponse<String> whole = ask(model, "");
        assertThat(whole.statusCode()).as(whole.body()).isEqualTo(200);
        String text = Ran.json(whole.body()).at("/choices/0/message/content").asText();
        Ran alone = Ran.here(
                "generate", "--backend=cpu", "--json", "--max-tokens=24", "--chat", "--home=" + folder, QUESTION);
        assertThat(text).isNotBlank().isEqualTo(alone.json().path("text").asText());

        List<JsonNode> chunks = ask(model, ",\"stream\":true")
                .body()
                .lines()
                .filter(line -> line.startsWith("data: {"))
                .map(line -> Ran.json(line.substring("data: ".length())))
                .toList();
        assertThat(chunks).hasSizeGreaterThan(5);
        assertThat(chunks.stream()
                        .map(chunk -> chunk.at("/choices/0/delta/content").asText())
                        .collect(Collectors.joining()))
                .isEqualTo(text);

        theOthersSayThatItRuns();

        serving.interrupt();
        assertThat(status.get(60, TimeUnit.SECONDS)).isEqualTo(130);
        assertThat(err.toString().lines()).containsExactly("Stopping.");
        assertThat(Ran.here("status", "--json", "--home=" + folder)
                        .json()
                        .path("running")
                        .asBoolean())
                .isFalse();
        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
                .isEmpty();
    }

    private void theOthersSayThatItRuns() {
        JsonNode live = Ran.here("status", "--json", "--home=" + folder).json().path("live");
        assertThat(live.path("pipeline")).hasSize(3);
        assertThat(live.path("sentence").asText()).startsWith("Serving ");
        assertThat(Ran.here("status", "--home=" + folder).out()).contains("InferGrid is running.", "stage 3");

        JsonNode jobs = Ran.here("jobs", "--json", "--home=" + folder).json();
        assertThat(jobs).hasSize(2);
        String id = jobs.path(0).path("id").asText();
        JsonNode job = Ran.here("jobs", "--json", "--home=" + folder, id).json();
        assertThat(job.path("state").asText()).isEqualTo("finished");
        assertThat(job.path("completionTokens").asInt()).isEqualTo(24);
        assertThat(job.path("stages")).hasSize(3);
        assertThat(job.path("windows").isEmpty()).isFalse();
        assertThat(Ran.here("jobs", "--home=" + folder).out()).contains(id, "finished");

        Ran second = Ran.here("chat", "--home=" + folder, QUESTION);
        assertThat(second.status()).isEqualTo(1);
        assertThat(second.out()).isEmpty();
        assertThat(second.err().lines())
                .containsExactly("infergrid: expected no other InferGrid on " + home.data() + ", found one that runs");
    }
}
