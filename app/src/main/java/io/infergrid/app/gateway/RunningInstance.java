package io.infergrid.app.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.infergrid.app.paths.Home;
import io.infergrid.app.paths.OwnerOnlyFile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;

/**
 * How a second process finds the one that runs on the same home: by a small file with its port, and the token beside it.
 *
 * @param port of its {@link LocalApi}
 */
public record RunningInstance(long pid, int port, String token) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofSeconds(3);
    /** For what asks the swarm first. */
    private static final Duration LONG_LIMIT = Duration.ofSeconds(30);

    /** The secret of this home's API: made at the first use, kept for its owner only. */
    public static String token(Home home) throws IOException {
        Path file = tokenFile(home);
        if (Files.exists(file)) {
            String token = Files.readString(file, StandardCharsets.UTF_8).strip();
            if (token.length() >= 32) {
                return token;
            }
        }
        byte[] secret = new byte[32];
        new SecureRandom().nextBytes(secret);
        String token = HexFormat.of().formatHex(secret);
        Home.ownerOnly(home.state());
        OwnerOnlyFile.write(file, token + "\n");
        return token;
    }

    public static Path tokenFile(Home home) {
        return home.state().resolve("api-token");
    }

    /** Says to other processes where this one serves. */
    public static void announce(Home home, int port) throws IOException {
        OwnerOnlyFile.write(file(home), "{\"pid\": " + ProcessHandle.current().pid() + ", \"port\": " + port + "}\n");
    }

    public static void retract(Home home) throws IOException {
        Files.deleteIfExists(file(home));
    }

    /** The instance that runs on this home and answers, if one does. */
    public static Optional<RunningInstance> find(Home home) {
        try {
            if (!Files.exists(file(home)) || !Files.exists(tokenFile(home))) {
                return Optional.empty();
            }
            JsonNode json = JSON.readTree(Files.readString(file(home), StandardCharsets.UTF_8));
            var instance = new RunningInstance(
                    json.path("pid").asLong(), json.path("port").asInt(), token(home));
            boolean alive =
                    ProcessHandle.of(instance.pid()).map(ProcessHandle::isAlive).orElse(false);
            return alive ? Optional.of(instance) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Asks for {@code /infergrid/status}. */
    public JsonNode status() throws IOException, InterruptedException {
        return send(request("/infergrid/status").GET().build());
    }

    /** @param verb {@code start}, {@code pause}, {@code finish} or {@code reveal} */
    public JsonNode verb(String verb) throws IOException, InterruptedException {
        return send(request("/infergrid/" + verb)
                .timeout(verb.startsWith("downloads/") ? LONG_LIMIT : LIMIT)
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(LIMIT)
                .header("Authorization", "Bearer " + token);
    }

    private static JsonNode send(HttpRequest request) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newBuilder().connectTimeout(LIMIT).build()) {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() == 409) { // it says why it cannot be done now
                throw new IOException(
                        JSON.readTree(response.body()).at("/error/message").asText());
            }
            if (response.statusCode() != 200) {
                throw new IOException(
                        "expected an answer of the running InferGrid, found status " + response.statusCode());
            }
            return JSON.readTree(response.body());
        }
    }

    private static Path file(Home home) {
        return home.state().resolve("instance.json");
    }
}
