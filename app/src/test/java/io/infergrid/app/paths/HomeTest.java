package io.infergrid.app.paths;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HomeTest {

    @TempDir
    Path folder;

    @Test
    void linux_follows_xdg_and_ignores_paths_that_are_not_absolute() {
        Path me = Path.of("/home/me");
        Home usual = Home.ofUser("Linux", Map.of(), me);
        assertThat(usual.config()).isEqualTo(me.resolve(".config/infergrid"));
        assertThat(usual.database()).isEqualTo(me.resolve(".local/share/infergrid/infergrid.db"));
        assertThat(usual.shards()).isEqualTo(me.resolve(".cache/infergrid/shards"));
        assertThat(usual.logs()).isEqualTo(me.resolve(".local/state/infergrid/logs"));

        Home moved = Home.ofUser("Linux", Map.of("XDG_DATA_HOME", "/data", "XDG_CONFIG_HOME", "relative"), me);
        assertThat(moved.data()).isEqualTo(Path.of("/data/infergrid"));
        assertThat(moved.config()).isEqualTo(usual.config());
    }

    @Test
    void mac_and_windows_have_their_own_places() {
        Path me = folder;
        assertThat(Home.ofUser("Mac OS X", Map.of(), me).data())
                .isEqualTo(me.resolve("Library/Application Support/InferGrid/data"));
        Home windows = Home.ofUser(
                "Windows 11", Map.of("LOCALAPPDATA", me.resolve("local").toString()), me);
        assertThat(windows.data()).isEqualTo(me.resolve("local/InferGrid/data"));
        assertThat(windows.config()).isEqualTo(me.resolve("AppData/Roaming/InferGrid"));
    }

    @Test
    void everything_is_under_the_folder_that_was_asked_for_and_for_its_owner_only() throws Exception {
        Home home = Home.under(folder.resolve("a/../b")).create();
        List<Path> all = List.of(home.config(), home.data(), home.cache(), home.state(), home.logs());
        assertThat(all)
                .allSatisfy(directory -> assertThat(directory).isDirectory().hasParent(folder.resolve("b")));
        assumeTrue(Home.posix(), "this file system knows no owners");
        for (Path directory : all) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                    .isEqualTo("rwx------");
        }
        assertThat(home.create()).isEqualTo(home); // again, over what is there
    }

    @Test
    void a_home_that_cannot_be_made_is_said_in_one_line() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> Home.under(file).create())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith("expected to make the folder " + file.resolve("config") + ", found " + file);
    }
}
