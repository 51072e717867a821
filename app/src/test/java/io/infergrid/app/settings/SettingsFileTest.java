package io.infergrid.app.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.app.core.Settings;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsFileTest {

    @TempDir
    Path folder;

    @Test
    void what_is_written_is_read() {
        var file = new SettingsFile(folder.resolve("settings.json"));
        assertThat(file.read()).isEqualTo(Settings.defaults());
        Settings chosen = Settings.defaults()
                .withTheme(Settings.Theme.DARK)
                .withBackend(Settings.BackendChoice.VULKAN)
                .withDevice("4070")
                .withWorkers(5)
                .withGateway(false, 0)
                .withStartWhenOpened(true)
                .withSharing(now -> now.but(draft -> {
                    draft.open = true;
                    draft.port = 4001;
                    draft.join = List.of(
                            "/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWBfhh2tPvqEFEjQn4EHGxdAAkEwoNBxqrVbfA3H7XSiy8");
                    draft.mdns = false;
                    draft.dht = false;
                    draft.relays = false;
                    draft.portMapping = false;
                    draft.quic = false;
                    draft.upMiBps = 1;
                    draft.downMiBps = 2;
                    draft.diskGiB = 3;
                    draft.seedGiB = 4;
                }))
                .withWelcomeDone(true);
        file.write(chosen);
        assertThat(file.read()).isEqualTo(chosen);
    }

    @Test
    void fields_of_another_version_are_passed_over_and_missing_ones_take_their_default() throws Exception {
        Path file = Files.writeString(folder.resolve("settings.json"), "{\"workers\": 4, \"colour\": \"mauve\"}");
        assertThat(new SettingsFile(file).read()).isEqualTo(Settings.defaults().withWorkers(4));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
                    {"workers": 99} | expected 3 to 8 workers, found 99 in FILE
                    {"workers": "4"} | expected a whole number for 'workers', found "4" in FILE
                    {"workers": 1e99} | expected a whole number for 'workers', found 1.0E99 in FILE
                    {"gatewayPort": -1} | expected a port from 0 to 65535, found -1 in FILE
                    {"gateway": "yes"} | expected true or false for 'gateway', found "yes" in FILE
                    {"device": 7} | expected a text for 'device', found 7 in FILE
                    {"device": "a\\u0000"} | expected a device's UUID or name without control characters, found one in FILE
                    {"theme": "PINK"} | expected one of [SYSTEM, LIGHT, DARK] for 'theme', found "PINK" in FILE
                    {"sharing": 1} | expected an object for 'sharing', found NUMBER in FILE
                    {"sharing": {"port": 70000}} | expected port from 0 to 65535, found 70000 in FILE
                    {"sharing": {"mdns": 1}} | expected true or false for 'mdns', found 1 in FILE
                    {"sharing": {"upMiBps": -1}} | expected upMiBps from 0 to 100000, found -1 in FILE
                    {"sharing": {"join": ["nobody"]}} | expected an address such as /ip4/203.0.113.7/tcp/4001/p2p/12D3Koo..., found 'nobody' in FILE
                    {"sharing": {"join": "x"}} | expected a list of texts for 'join', found "x" in FILE
                    {"workers": | expected settings in JSON, found in FILE
                    [] | expected a JSON object of settings, found ARRAY in FILE
                    """)
    void a_bad_value_is_named_in_one_line_with_the_file(String text, String message) throws Exception {
        Path file = Files.writeString(folder.resolve("settings.json"), text);
        assertThatThrownBy(() -> new SettingsFile(file).read())
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .startsWith(message.replace("FILE", file.toString()))
                .doesNotContain("\n");
    }

    @Test
    void a_file_that_is_no_settings_file_by_its_size_is_not_taken_into_memory() throws Exception {
        Path file = Files.write(folder.resolve("settings.json"), new byte[100_000]);
        assertThatThrownBy(() -> new SettingsFile(file).read())
                .hasMessage("expected settings of at most 65536 bytes, found 100000 in " + file);
    }

    @Test
    void a_folder_in_its_place_is_said() throws Exception {
        Path file = Files.createDirectory(folder.resolve("settings.json"));
        assertThatThrownBy(() -> new SettingsFile(file).read())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith("expected to read the settings, found ");
    }

    @Property
    void any_text_is_settings_or_one_clear_refusal(@ForAll @Size(max = 200) byte[] bytes) {
        try {
            SettingsFile.parse(new String(bytes, StandardCharsets.ISO_8859_1), "here");
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).startsWith("expected ").contains("here");
        }
    }
}
