package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code infergrid chat}: a conversation on standard input, through a grid of its own. */
@Timeout(300)
class ChatCommandTest {

    @TempDir
    Path folder;

    @Test
    void each_line_of_a_conversation_is_answered_by_three_stages_and_bad_settings_are_told() throws Exception {
        Files.createDirectories(folder.resolve("config"));
        Files.writeString(folder.resolve("config/settings.json"), "{\"backend\": \"abacus\"}");
        var real = System.in;
        System.setIn(new ByteArrayInputStream(
                "What does a bee make?\n\nWhat does a bee make?\nAnd a fox?\n".getBytes(StandardCharsets.UTF_8)));
        Ran ran;
        try {
            ran = Ran.here("chat", "--json", "--max-tokens=16", "--home=" + folder);
        } finally {
            System.setIn(real);
        }
        assertThat(ran.status()).as(ran.err()).isZero();
        assertThat(ran.err())
                .contains(
                        "The settings could not be read and the defaults are used: expected one of [AUTO, VULKAN, CPU]"
                                + " for 'backend', found \"abacus\" in " + folder.resolve("config/settings.json"));
        var answers = ran.out().lines().map(Ran::json).toList();
        assertThat(answers).hasSize(3);
        for (JsonNode answer : answers) {
            assertThat(answer.path("text").asText()).isNotBlank();
            assertThat(answer.path("stages")).hasSize(3);
            assertThat(answer.path("completionTokens").asInt()).isBetween(1, 16);
        }
        // an empty line begins anew, the next one goes on
        assertThat(answers.get(1).path("text")).isEqualTo(answers.get(0).path("text"));
        assertThat(answers.get(2).path("promptTokens").asInt())
                .isGreaterThan(answers.get(1).path("promptTokens").asInt());
    }
}
