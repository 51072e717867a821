package io.infergrid.wallet.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class NetworkBookTest {

    @Test
    void the_release_knows_bttc_its_test_chain_and_an_ethereum_like_one() {
        NetworkBook book = NetworkBook.bundled();
        assertThat(book.all()).extracting(Network::chainId).containsExactly(199L, 1029L, 11155111L);
        assertThat(book.network("bttc").realMoney()).isTrue();
        assertThat(book.network("bttc").endpoints()).hasSizeGreaterThanOrEqualTo(2);
        assertThatThrownBy(() -> book.network("mainnet")).hasMessageContaining("[bttc, donau, sepolia]");
        assertThatThrownBy(() -> book.network("bttc").contract("PaymentChannels"))
                .hasMessageContaining("choose the local chain");
    }

    @Test
    void one_changed_byte_of_the_configuration_is_refused() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        byte[] json = NetworkBookTest.class.getResourceAsStream("networks.json").readAllBytes();
        byte[] signature = Base64.getEncoder().encode(SignNetworks.sign(json, pair.getPrivate()));
        assertThat(NetworkBook.read(json, signature, pair.getPublic()).all()).hasSize(3);
        byte[] changed = new String(json, StandardCharsets.UTF_8)
                .replace("rpc.bt.io", "rpc.bt.lo")
                .getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> NetworkBook.read(changed, signature, pair.getPublic()))
                .hasMessageContaining("not the one that was signed");
        KeyPair other = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        assertThatThrownBy(() -> NetworkBook.read(json, signature, other.getPublic()))
                .hasMessageContaining("cannot be trusted");
        assertThatThrownBy(
                        () -> NetworkBook.read(json, "nonsense!".getBytes(StandardCharsets.US_ASCII), pair.getPublic()))
                .hasMessageContaining("cannot be trusted");
    }

    @Property(tries = 300)
    void any_text_is_refused_in_words(@ForAll String text) {
        assertThatThrownBy(() -> NetworkBook.parse(text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
