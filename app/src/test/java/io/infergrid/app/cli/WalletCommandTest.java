package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.app.money.LocalMoney;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A new owner's way through the wallet, on a real chain of the home's own. */
class WalletCommandTest {

    private static final String PASSWORD = "correct horse battery staple 42";

    @TempDir
    Path folder;

    private Path home;

    @BeforeEach
    void makeFiles() throws IOException {
        home = folder.resolve("home");
        Files.writeString(folder.resolve("password"), PASSWORD + "\n");
        Files.writeString(folder.resolve("wrong"), "another password than that\n");
    }

    private Ran run(String... arguments) {
        var all = new ArrayList<>(List.of("wallet"));
        for (String argument : arguments) {
            all.add(argument.replace("@", folder.toString()));
        }
        if (all.stream().noneMatch(argument -> argument.startsWith("--home="))) {
            all.add("--home=" + home);
        }
        all.add("--json");
        return Ran.here(all.toArray(String[]::new));
    }

    private JsonNode runWell(String... arguments) {
        Ran ran = run(arguments);
        assertThat(ran.status()).as(ran.err()).isZero();
        return ran.json();
    }

    private String signing(String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--password-file=@/password", "--yes"));
        JsonNode done = runWell(all.toArray(String[]::new));
        assertThat(done.path("succeeded").asBoolean()).isTrue();
        return done.path("balance").asText();
    }

    @Test
    void a_new_owner_stakes_leaves_and_restores_elsewhere_and_no_secret_lies_around() throws Exception {
        assumeTrue(LocalMoney.missing().isEmpty(), "anvil is missing: npm ci --ignore-scripts in wallet/contracts");
        JsonNode created = runWell("create", "--password-file=@/password", "--show-words");
        String address = created.path("address").asText();
        String words = created.path("words").asText();
        assertThat(words.split(" ")).hasSize(24);
        assertThat(run("create", "--password-file=@/password").err()).contains("never overwritten");
        runWell("faucet", "--amount=100000");
        assertThat(run("stake", "5000", "--password-file=@/password", "--yes").err())
                .contains("infergrid wallet backup");
        Files.writeString(folder.resolve("words"), words);
        runWell("backup", "--words-file=@/words");
        assertThat(run("stake", "5000", "--password-file=@/wrong", "--yes").err())
                .contains("expected the wallet's password");

        signing("stake", "5000");
        JsonNode staked = runWell("balance");
        assertThat(staked.path("address").asText()).isEqualTo(address);
        assertThat(staked.path("staked").asText()).isEqualTo("5000");
        assertThat(new BigDecimal(staked.path("balance").asText()))
                .isBetween(new BigDecimal("94999"), new BigDecimal("95000"));
        signing("unstake", "2000");
        assertThat(run("withdraw", "--password-file=@/password", "--yes").err()).contains("2000 until");
        runWell("faucet", "--pass-days=15");
        signing("withdraw");
        assertThat(runWell("balance").path("staked").asText()).isEqualTo("3000");
        signing("send", "0xC669928185DbCE49d2230CC9B0979BE6DC797957", "12.5");
        assertThat(run("send", "0xc669928185DbCE49d2230CC9B0979BE6DC797957", "1", "--password-file=@/password", "--yes")
                        .err())
                .contains("EIP-55");
        assertThat(run("send", address, "99999999", "--password-file=@/password", "--yes")
                        .status())
                .isNotZero();
        assertThat(runWell("history")).hasSize(4);

        JsonNode restored = runWell(
                "restore", "--words-file=@/words", "--password-file=@/password", "--home=" + folder.resolve("other"));
        assertThat(restored.path("address").asText()).isEqualTo(address);
        Files.delete(folder.resolve("words"));
        Files.delete(folder.resolve("password"));
        assertThat(filesWith(words, PASSWORD)).isEmpty();
    }

    private List<Path> filesWith(String words, String password) throws IOException {
        String someWords = String.join(" ", List.of(words.split(" ")).subList(0, 4));
        var found = new ArrayList<Path>();
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String text = Files.readString(file, StandardCharsets.ISO_8859_1);
                if (text.contains(someWords) || text.contains(password)) {
                    found.add(file);
                }
            }
        }
        return found;
    }

    @Test
    void what_is_no_wallet_no_words_and_no_network_is_said_in_one_line() throws Exception {
        assertThat(run("balance").err()).contains("infergrid wallet create");
        Files.writeString(folder.resolve("words"), "abandon abandon abandon");
        assertThat(run("restore", "--words-file=@/words", "--password-file=@/password")
                        .err())
                .startsWith("infergrid: ");
        Files.writeString(folder.resolve("weak"), "abc123\n");
        assertThat(run("create", "--password-file=@/weak").err()).contains("harder to guess");
        runWell("create", "--password-file=@/password");
        assertThat(run("balance", "--network=nowhere").err()).contains("nowhere");
        Files.writeString(home.resolve("data/wallet.vault"), "no vault");
        assertThat(run().err()).startsWith("infergrid: ");
    }
}
