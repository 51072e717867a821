package io.infergrid.wallet;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.wallet.keys.KeyRole;
import io.infergrid.wallet.keys.MalformedMnemonicException;
import io.infergrid.wallet.keys.Mnemonic;
import io.infergrid.wallet.keys.SigningKey;
import io.infergrid.wallet.vault.Argon2Cost;
import io.infergrid.wallet.vault.Vault;
import io.infergrid.wallet.vault.VaultLockedException;
import io.infergrid.wallet.vault.VaultSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a wallet leaves behind on disk, and every message of its errors, has neither words nor keys nor password. */
class NoSecretInLogsTest {

    private static final String PASSWORD = "a password that nobody else has";

    @TempDir
    Path home;

    @Test
    void files_and_messages_have_neither_words_nor_keys_nor_password() throws IOException {
        var said = new StringBuilder();
        List<String> secrets;
        var settings =
                new VaultSettings(new Argon2Cost(8 * 1024, 1, 1), Duration.ZERO, Clock.systemUTC(), new SecureRandom());
        try (Mnemonic words = Mnemonic.generate(new SecureRandom());
                Vault vault = Vault.create(home.resolve("v"), words, PASSWORD.toCharArray(), false, settings)) {
            secrets = Stream.concat(
                            Stream.of(PASSWORD, String.join(" ", words.words()), hex(words.entropy())),
                            Stream.of(KeyRole.values()).map(role -> key(words, role)))
                    .toList();
            vault.keepWorkingKeys(true);
            said.append(vault)
                    .append(vault.unlock("wrong".toCharArray()))
                    .append(words)
                    .append(settings);
            vault.lock();
            tell(said, () -> vault.signer(KeyRole.OWNER).sign(new byte[32]));
            String swapped = String.join(" ", words.words().reversed());
            tell(
                    said,
                    () -> Mnemonic.parse((swapped + " notaword").toCharArray()).close());
        }
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                said.append(new String(bytes, StandardCharsets.ISO_8859_1)).append(hex(bytes));
            }
        }
        assertThat(said.toString()).contains("locked").doesNotContain(secrets).doesNotContain("notaword");
    }

    private static void tell(StringBuilder said, Runnable wrong) {
        try {
            wrong.run();
        } catch (VaultLockedException | MalformedMnemonicException refused) {
            said.append(refused);
        }
    }

    private static String key(Mnemonic words, KeyRole role) {
        try (SigningKey key = words.derive(role)) {
            return hex(key.secret());
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
