package io.infergrid.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import javafx.scene.paint.Color;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** WCAG 2.2, success criteria 1.4.3 (text, 4.5 : 1) and 1.4.11 (parts that mean something, 3 : 1). */
class ContrastTest {

    private static final Pattern TOKEN = Pattern.compile("(-ig-[a-z0-9-]+):\\s*(#[0-9A-Fa-f]{6});");

    @ParameterizedTest
    @ValueSource(strings = {"tokens-light.css", "tokens-dark.css"})
    void every_text_can_be_read_on_its_ground(String file) throws IOException {
        var colours = tokens(file);
        for (var ground : List.of("-ig-ground", "-ig-surface", "-ig-sunken", "-ig-side")) {
            for (var text : List.of("-ig-text", "-ig-muted", "-ig-faint")) {
                assertContrast(colours, text, ground, 4.5);
            }
        }
        for (var tone : List.of("accent", "success", "warning", "danger")) {
            assertContrast(colours, "-ig-" + tone, "-ig-" + tone + "-soft", 4.5);
            assertContrast(colours, "-ig-" + tone, "-ig-surface", 4.5);
        }
        assertContrast(colours, "-ig-muted", "-ig-neutral-soft", 4.5);
        assertContrast(colours, "-ig-on-accent", "-ig-accent-strong", 4.5);
        for (var stage = 1; stage <= 8; stage++) {
            assertContrast(colours, "-ig-stage-" + stage, "-ig-surface", 3);
        }
    }

    private static void assertContrast(Map<String, Color> colours, String text, String ground, double least) {
        var contrast = contrast(
                Objects.requireNonNull(colours.get(text), text), Objects.requireNonNull(colours.get(ground), ground));
        assertThat(contrast).as("%s on %s", text, ground).isGreaterThanOrEqualTo(least);
    }

    private static Map<String, Color> tokens(String file) throws IOException {
        var colours = new HashMap<String, Color>();
        try (var in = Objects.requireNonNull(Theme.class.getResourceAsStream(file))) {
            var tokens = TOKEN.matcher(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            while (tokens.find()) {
                colours.put(tokens.group(1), Color.web(tokens.group(2)));
            }
        }
        return colours;
    }

    private static double contrast(Color one, Color other) {
        var lighter = Math.max(luminance(one), luminance(other));
        var darker = Math.min(luminance(one), luminance(other));
        return (lighter + 0.05) / (darker + 0.05);
    }

    private static double luminance(Color colour) {
        return 0.2126 * linear(colour.getRed())
                + 0.7152 * linear(colour.getGreen())
                + 0.0722 * linear(colour.getBlue());
    }

    private static double linear(double channel) {
        return channel <= 0.04045 ? channel / 12.92 : Math.pow((channel + 0.055) / 1.055, 2.4);
    }
}
