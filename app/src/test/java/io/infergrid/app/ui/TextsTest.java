package io.infergrid.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.text.MessageFormat;
import java.util.HashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.ResourceBundle;
import org.junit.jupiter.api.Test;

class TextsTest {

    @Test
    void every_text_is_a_pattern_that_can_be_read() {
        var bundle = ResourceBundle.getBundle("io.infergrid.app.ui.strings", Locale.ROOT);
        for (var key : bundle.keySet()) {
            assertThat(new MessageFormat(bundle.getString(key), Locale.ENGLISH))
                    .as(key)
                    .isNotNull();
            assertThat(bundle.getString(key)).as("apostrophe in %s", key).doesNotContain("'");
        }
    }

    @Test
    void no_key_is_written_twice() throws IOException {
        String file;
        try (var in = Objects.requireNonNull(Texts.class.getResourceAsStream("strings.properties"))) {
            file = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        var seen = new HashSet<String>();
        for (var line :
                file.lines().filter(l -> !l.isBlank() && !l.startsWith("#")).toList()) {
            assertThat(seen.add(line.substring(0, line.indexOf('=')))).as(line).isTrue();
        }
        var read = new Properties();
        read.load(new StringReader(file));
        assertThat(read).hasSameSizeAs(seen);
    }

    @Test
    void plurals_follow_their_number() {
        assertThat(TestDesk.TEXTS.get("unit.tokens", 0)).isEqualTo("no tokens");
        assertThat(TestDesk.TEXTS.get("unit.tokens", 1)).isEqualTo("1 token");
        assertThat(TestDesk.TEXTS.get("unit.tokens", 12_000)).isEqualTo("12,000 tokens");
    }
}
