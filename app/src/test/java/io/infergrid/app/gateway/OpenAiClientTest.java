package io.infergrid.app.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The official OpenAI client for Node, at the version of its lock file, against the local API. */
@Timeout(120)
class OpenAiClientTest {

    private static final String TOKEN = "0123456789abcdef0123456789abcdef";

    @Test
    void the_official_client_lists_asks_streams_and_is_refused_as_with_openai() throws Exception {
        Path folder = Path.of("src/test/node").toAbsolutePath();
        assumeTrue(
                Files.isDirectory(folder.resolve("node_modules/openai")),
                "npm package openai is missing: run npm ci in app/src/test/node");
        try (var api =
                new LocalApi(new ScriptedRig(), 0, TOKEN, true, () -> {}, Clock.systemUTC(), new SplittableRandom(7))) {
            Process node = new ProcessBuilder("node", "client.mjs", "http://127.0.0.1:" + api.port() + "/v1", TOKEN)
                    .directory(folder.toFile())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String line = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(node.waitFor(10, TimeUnit.SECONDS)).isTrue();
            JsonNode seen = new ObjectMapper().readTree(line);

            assertThat(seen.at("/models/0").asText()).isEqualTo("demo");
            assertThat(seen.path("whole").asText()).isEqualTo("one two three");
            assertThat(seen.path("finish").asText()).isEqualTo("stop");
            assertThat(seen.path("total").asInt()).isEqualTo(6);
            assertThat(seen.path("pieces")).extracting(JsonNode::asText).containsExactly("one ", "two ");
            assertThat(seen.path("streamFinish").asText()).isEqualTo("length");
            assertThat(seen.path("streamTokens").asInt()).isEqualTo(2);
            assertThat(seen.path("plain").asText()).isEqualTo("a b");
            assertThat(seen.path("severalAnswers").asInt()).isEqualTo(400);
            assertThat(seen.path("otherModel").asInt()).isEqualTo(404);
            assertThat(seen.path("wrongToken").asInt()).isEqualTo(401);
        }
    }
}
