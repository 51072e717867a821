package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that is given the key of a private network. */
class PrivateSwarmTest {

    @TempDir
    Path folder;

    @Test
    void a_key_that_is_none_is_refused_before_anything_starts_and_not_repeated() throws Exception {
        Path file = Files.writeString(folder.resolve("swarm.key"), "secret words\n");
        Ran ran = Ran.here("node", "--home=" + folder.resolve("home"), "--network-key=" + file);

        assertThat(ran.status()).isNotZero();
        assertThat(ran.err())
                .contains("expected the key of a private network in --network-key")
                .doesNotContain("secret words");
    }
}
