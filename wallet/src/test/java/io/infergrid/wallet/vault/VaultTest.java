package io.infergrid.wallet.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.wallet.keys.KeyRole;
import io.infergrid.wallet.keys.Mnemonic;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VaultTest {

    private static final Argon2Cost CHEAP = new Argon2Cost(8 * 1024, 1, 1);
    private static final char[] PASSWORD = "correct horse battery".toCharArray();
    private static final char[] WRONG = "incorrect horse".toCharArray();

    @TempDir
    Path home;

    private Instant now = Instant.parse("2026-12-01T12:00:00Z");
    private final InstantSource source = () -> now;
    private final Clock clock = new Clock() {
        @Override
        public java.time.ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return source.instant();
        }
    };

    private VaultSettings settings() {
        return new VaultSettings(CHEAP, Duration.ofMinutes(15), clock, new SecureRandom());
    }

    private Path path() {
        return home.resolve("wallet.vault");
    }

    private Vault created() throws IOException {
        try (Mnemonic words = Mnemonic.generate(new SecureRandom())) {
            return Vault.create(path(), words, PASSWORD, false, settings());
        }
    }

    @Test
    void a_vault_opens_with_its_password_and_gives_the_same_words_and_accounts() throws IOException {
        Mnemonic words = Mnemonic.generate(new SecureRandom());
        Vault.create(path(), words, PASSWORD, false, settings()).close();
        try (Vault vault = Vault.open(path(), settings())) {
            assertThat(vault.locked()).isTrue();
            assertThat(vault.address(KeyRole.OWNER))
                    .isEqualTo(words.derive(KeyRole.OWNER).address());
            assertThat(vault.unlock(PASSWORD)).isEqualTo(new UnlockResult.Unlocked());
            for (KeyRole role : KeyRole.values()) {
                byte[] digest = new byte[32];
                assertThat(vault.signer(role).sign(digest).signer(digest)).isEqualTo(vault.address(role));
            }
            assertThat(vault.words(PASSWORD).orElseThrow().words()).isEqualTo(words.words());
        }
    }

    @Test
    void only_the_owner_may_read_the_file_and_no_copy_is_left_beside_it() throws IOException {
        created().keepWorkingKeys(true);
        try (var files = Files.list(home)) {
            for (Path file : files.toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as(file.toString())
                        .isEqualTo("rw-------");
            }
        }
        assertThat(home.resolve("wallet.vault.new")).doesNotExist();
    }

    @Test
    void a_second_wallet_never_overwrites_the_first() throws IOException {
        created();
        assertThatThrownBy(this::created).hasMessageContaining("there is a wallet already");
    }

    @Test
    void guesses_become_slower_and_a_right_one_ends_the_waiting() throws IOException {
        Vault vault = created();
        vault.lock();
        assertThat(vault.unlock(WRONG)).isEqualTo(new UnlockResult.WrongPassword(1, Duration.ZERO));
        vault.unlock(WRONG);
        assertThat(vault.unlock(WRONG)).isEqualTo(new UnlockResult.WrongPassword(3, Duration.ofSeconds(1)));
        assertThat(vault.unlock(PASSWORD)).isEqualTo(new UnlockResult.TooSoon(Duration.ofSeconds(1)));
        assertThat(vault.words(PASSWORD)).isEmpty();
        for (int expected = 2; expected < 700; expected *= 2) {
            now = now.plus(vault.retryAfter());
            assertThat(((UnlockResult.WrongPassword) vault.unlock(WRONG)).delay())
                    .isEqualTo(Duration.ofSeconds(Math.min(expected, 300)));
        }
        now = now.plus(vault.retryAfter());
        assertThat(vault.unlock(PASSWORD)).isEqualTo(new UnlockResult.Unlocked());
        assertThat(vault.retryAfter()).isZero();
    }

    @Test
    void idle_locks_the_owner_while_operator_and_session_go_on() throws IOException {
        Vault vault = created();
        now = now.plus(Duration.ofMinutes(14));
        vault.touch();
        now = now.plus(Duration.ofMinutes(14));
        assertThat(vault.locked()).isFalse();
        now = now.plus(Duration.ofMinutes(1));
        assertThatThrownBy(() -> vault.signer(KeyRole.OWNER).sign(new byte[32]))
                .isInstanceOf(VaultLockedException.class)
                .hasMessageContaining("unlock it");
        assertThat(vault.locked()).isTrue();
        vault.signer(KeyRole.OPERATOR).sign(new byte[32]);
        vault.signer(KeyRole.SESSION).sign(new byte[32]);
    }

    @Test
    void working_keys_survive_a_restart_only_if_asked_to() throws IOException {
        created().close();
        try (Vault vault = Vault.open(path(), settings())) {
            assertThat(vault.canSign(KeyRole.OPERATOR)).isFalse();
            assertThatThrownBy(() -> vault.keepWorkingKeys(true)).isInstanceOf(VaultLockedException.class);
            vault.unlock(PASSWORD);
            vault.keepWorkingKeys(true);
            vault.changePassword(PASSWORD, "another one".toCharArray());
        }
        try (Vault vault = Vault.open(path(), settings())) {
            byte[] digest = new byte[32];
            assertThat(vault.signer(KeyRole.OPERATOR).sign(digest).signer(digest))
                    .isEqualTo(vault.address(KeyRole.OPERATOR));
            assertThat(vault.canSign(KeyRole.SESSION)).isTrue();
            assertThat(vault.canSign(KeyRole.OWNER)).isFalse();
            vault.keepWorkingKeys(false);
        }
        try (Vault vault = Vault.open(path(), settings())) {
            assertThat(vault.canSign(KeyRole.SESSION)).isFalse();
            assertThat(home.resolve("wallet.vault.device")).doesNotExist();
        }
    }

    @Test
    void a_new_password_replaces_the_old_one() throws IOException {
        Vault vault = created();
        vault.confirmBackup();
        char[] fresh = "another one".toCharArray();
        assertThat(vault.changePassword(WRONG, fresh)).isInstanceOf(UnlockResult.WrongPassword.class);
        assertThat(vault.changePassword(PASSWORD, fresh)).isInstanceOf(UnlockResult.Unlocked.class);
        Vault again = Vault.open(path(), settings());
        assertThat(again.unlock(PASSWORD)).isInstanceOf(UnlockResult.WrongPassword.class);
        assertThat(again.unlock(fresh)).isInstanceOf(UnlockResult.Unlocked.class);
        assertThat(again.backupVerified()).isTrue();
    }

    @Test
    void a_cheaper_old_vault_is_raised_at_the_next_right_password() throws IOException {
        created().close();
        var dearer = new VaultSettings(new Argon2Cost(16 * 1024, 1, 1), Duration.ZERO, clock, new SecureRandom());
        Vault.open(path(), dearer).unlock(PASSWORD);
        assertThat(VaultFile.read(path()).cost()).isEqualTo(dearer.cost());
        assertThat(Vault.open(path(), dearer).unlock(PASSWORD)).isInstanceOf(UnlockResult.Unlocked.class);
    }

    @Test
    void a_changed_byte_is_damage_and_not_a_wrong_password() throws IOException {
        created().close();
        byte[] whole = Files.readAllBytes(path());
        for (int at = 0; at < whole.length; at += 7) {
            byte[] changed = whole.clone();
            changed[at] ^= 1;
            assertThatThrownBy(() -> VaultFile.parse(changed)).isInstanceOf(VaultDamagedException.class);
        }
        assertThatThrownBy(() -> VaultFile.parse(java.util.Arrays.copyOf(whole, 90)))
                .isInstanceOf(VaultDamagedException.class)
                .hasMessageContaining("restore the wallet from its words");
        Files.write(path(), new byte[1 << 20]);
        assertThatThrownBy(() -> Vault.open(path(), settings())).hasMessageContaining("found 1048576");
    }

    @Property(tries = 300)
    void any_bytes_are_refused_as_no_vault(@ForAll @Size(max = 400) byte[] bytes) {
        assertThatThrownBy(() -> VaultFile.parse(bytes)).isInstanceOf(VaultDamagedException.class);
    }

    @Test
    void the_header_cannot_be_exchanged_without_the_password_noticing() throws Exception {
        created().close();
        byte[] bytes = Files.readAllBytes(path());
        bytes[40] ^= 1; // the owner's address, which a thief would like to be his
        byte[] body = java.util.Arrays.copyOf(bytes, bytes.length - 32);
        byte[] check = java.security.MessageDigest.getInstance("SHA-256").digest(body);
        System.arraycopy(check, 0, bytes, body.length, 32);
        Files.write(path(), bytes);
        assertThat(Vault.open(path(), settings()).unlock(PASSWORD)).isInstanceOf(UnlockResult.WrongPassword.class);
    }

    @Test
    void an_absurd_cost_in_a_file_is_refused_before_memory_is_taken() {
        assertThatThrownBy(() -> new Argon2Cost(Integer.MAX_VALUE, 3, 4)).hasMessageContaining("2 GiB");
    }

    @Test
    void the_default_cost_is_a_quarter_gibibyte_in_three_passes() {
        assertThat(Argon2Cost.DEFAULT.memoryKib()).isEqualTo(256 * 1024);
        assertThat(Argon2Cost.DEFAULT.passes()).isGreaterThanOrEqualTo(3);
    }

    @Test
    void the_quiz_asks_four_words_and_takes_no_wrong_one() {
        Mnemonic words = Mnemonic.generate(new SecureRandom());
        BackupQuiz quiz = BackupQuiz.of(24, new Random(1));
        Map<Integer, String> answers = new HashMap<>();
        quiz.positions()
                .forEach(p -> answers.put(p, " " + words.words().get(p - 1).toUpperCase(java.util.Locale.ROOT)));
        assertThat(quiz.positions()).hasSize(4).doesNotHaveDuplicates();
        assertThat(quiz.passes(words, answers)).isTrue();
        answers.put(quiz.positions().get(2), "wrong");
        assertThat(quiz.passes(words, answers)).isFalse();
        assertThat(quiz.passes(words, Map.of())).isFalse();
    }

    @Test
    void strength_tells_a_weak_password_from_a_strong_one() {
        assertThat(PasswordStrength.of("aaaaaaaaaaaaaaaa".toCharArray()).level())
                .isEqualTo(PasswordStrength.Level.WEAK);
        assertThat(PasswordStrength.of("Password1!".toCharArray()).level()).isEqualTo(PasswordStrength.Level.WEAK);
        assertThat(PasswordStrength.of("123456789".toCharArray()).level()).isEqualTo(PasswordStrength.Level.WEAK);
        assertThat(PasswordStrength.of(new char[0]).bits()).isZero();
        assertThat(PasswordStrength.of("winter tulip kayak orbit".toCharArray()).level())
                .isEqualTo(PasswordStrength.Level.STRONG);
    }

    @Test
    void neither_file_nor_text_form_shows_a_secret() throws IOException {
        Mnemonic words = Mnemonic.generate(new SecureRandom());
        Vault vault = Vault.create(path(), words, PASSWORD, false, settings());
        vault.keepWorkingKeys(true);
        String text = vault.toString() + settings() + vault.signer(KeyRole.OWNER);
        try (var files = Files.list(home)) {
            for (Path file : files.toList()) {
                byte[] bytes = Files.readAllBytes(file);
                assertNowhere(bytes, words.entropy());
                for (KeyRole role : KeyRole.values()) {
                    assertNowhere(bytes, words.derive(role).secret());
                }
                text += new String(bytes, StandardCharsets.ISO_8859_1);
            }
        }
        assertThat(text).doesNotContain(new String(words.text())).doesNotContain(new String(PASSWORD));
    }

    private static void assertNowhere(byte[] haystack, byte[] needle) {
        assertThat(java.util.HexFormat.of().formatHex(haystack))
                .doesNotContain(java.util.HexFormat.of().formatHex(needle));
    }
}
