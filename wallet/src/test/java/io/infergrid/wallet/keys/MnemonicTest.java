package io.infergrid.wallet.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.web3j.crypto.Bip32ECKeyPair;
import org.web3j.crypto.Credentials;
import org.web3j.crypto.Keys;
import org.web3j.crypto.MnemonicUtils;

class MnemonicTest {

    private static final String JUNK = "test test test test test test test test test test test junk";
    private static final String ABANDON = "abandon ".repeat(11) + "about";
    private static final String ZEROS_24 = "abandon ".repeat(23) + "art";

    @Test
    void the_phrase_of_every_developer_gives_the_accounts_that_metamask_and_hardhat_show() {
        try (Mnemonic words = Mnemonic.parse(JUNK.toCharArray())) {
            assertThat(words.derive(KeyRole.OWNER).address()).hasToString("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
            assertThat(words.derive(KeyRole.OPERATOR).address())
                    .hasToString("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
            assertThat(words.derive(KeyRole.SESSION).address())
                    .hasToString("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");
        }
    }

    @Test
    void published_vectors_hold() {
        try (Mnemonic twelve = Mnemonic.parse(ABANDON.toCharArray());
                Mnemonic all = Mnemonic.parse(ZEROS_24.toCharArray())) {
            assertThat(twelve.derive(KeyRole.OWNER).address())
                    .hasToString("0x9858EfFD232B4033E47d90003D41EC34EcaEda94");
            assertThat(HexFormat.of().formatHex(twelve.entropy())).isEqualTo("0".repeat(32));
            assertThat(all.words()).hasSize(24).endsWith("art");
        }
    }

    @Property(tries = 25)
    void every_account_is_what_web3j_derives_with_an_empty_passphrase(@ForAll @Size(32) byte[] entropy) {
        try (Mnemonic words = Mnemonic.ofEntropy(entropy)) {
            String text = String.join(" ", words.words());
            assertThat(text).isEqualTo(MnemonicUtils.generateMnemonic(entropy));
            assertThat(words.seed()).isEqualTo(MnemonicUtils.generateSeed(text, ""));
            Bip32ECKeyPair master = Bip32ECKeyPair.generateKeyPair(MnemonicUtils.generateSeed(text, ""));
            for (KeyRole role : KeyRole.values()) {
                int[] path = {44 | 1 << 31, 60 | 1 << 31, 1 << 31, 0, role.index()};
                String expected = Credentials.create(Bip32ECKeyPair.deriveKeyPair(master, path))
                        .getAddress();
                assertThat(words.derive(role).address()).hasToString(Keys.toChecksumAddress(expected));
            }
        }
    }

    @Property(tries = 200)
    void what_was_written_down_is_read_back(@ForAll @Size(32) byte[] entropy) {
        try (Mnemonic words = Mnemonic.ofEntropy(entropy)) {
            String text = "  " + String.join(" \n\t", words.words()).toUpperCase(java.util.Locale.ROOT) + " ";
            assertThat(Mnemonic.parse(text.toCharArray()).entropy()).isEqualTo(entropy);
        }
    }

    @Test
    void new_words_are_twenty_four() {
        assertThat(Mnemonic.generate(new SecureRandom()).words()).hasSize(24);
    }

    @Test
    void malformed_words_are_refused_by_number_and_never_by_content() {
        assertThatThrownBy(() -> Mnemonic.parse("abandon hellp".toCharArray()))
                .isInstanceOf(MalformedMnemonicException.class)
                .hasMessageContaining("word 2")
                .hasMessageNotContaining("hellp");
        assertThatThrownBy(
                        () -> Mnemonic.parse(ABANDON.replace("about", "abandon").toCharArray()))
                .isInstanceOf(MalformedMnemonicException.class)
                .hasMessageContaining("checksum");
        assertThatThrownBy(() -> Mnemonic.parse("abandon about".toCharArray())).hasMessageContaining("found 2");
        assertThatThrownBy(() -> Mnemonic.parse("abandon ".repeat(25).toCharArray()))
                .hasMessageContaining("at most 24");
        assertThatThrownBy(() -> Mnemonic.parse("x".repeat(1000).toCharArray()))
                .hasMessageContaining("1000 characters");
        assertThatThrownBy(() -> Mnemonic.parse(new char[0])).hasMessageContaining("found 0");
    }

    @Test
    void swapping_two_words_is_noticed_almost_always() {
        var random = new Random(7);
        int unnoticed = 0;
        for (int round = 0; round < 200; round++) {
            byte[] entropy = new byte[32];
            random.nextBytes(entropy);
            String[] words = Mnemonic.ofEntropy(entropy).words().toArray(String[]::new);
            String first = words[3];
            words[3] = words[17];
            words[17] = first;
            try (Mnemonic other = Mnemonic.parse(String.join(" ", words).toCharArray())) {
                unnoticed += Arrays.equals(other.entropy(), entropy) ? 0 : 1;
            } catch (MalformedMnemonicException expected) {
                assertThat(expected).hasMessageContaining("swapped");
            }
        }
        assertThat(unnoticed).isLessThan(8); // one in 256 by the checksum's eight bits
    }

    @Test
    void no_text_form_shows_a_secret() {
        Mnemonic words = Mnemonic.parse(JUNK.toCharArray());
        assertThat(words.toString()).isEqualTo("Mnemonic[hidden]");
        SigningKey key = words.derive(KeyRole.OWNER);
        assertThat(key.toString()).isEqualTo("SigningKey[0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266]");
        key.close();
        words.close();
        assertThatThrownBy(() -> key.sign(new byte[32])).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(words::words).isInstanceOf(IllegalStateException.class);
    }
}
