package io.infergrid.wallet.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.web3j.crypto.ECKeyPair;
import org.web3j.crypto.Keys;
import org.web3j.crypto.Sign;

class SignatureTest {

    @Property(tries = 100)
    void signs_byte_for_byte_as_web3j_does(@ForAll @Size(32) byte[] secret, @ForAll @Size(32) byte[] digest) {
        secret[0] &= 0x7f;
        secret[31] |= 1;
        SigningKey key = SigningKey.of(secret);
        Signature signature = key.sign(digest);
        ECKeyPair pair = ECKeyPair.create(secret);
        Sign.SignatureData expected = Sign.signMessage(digest, pair, false);
        assertThat(signature.r()).isEqualTo(new BigInteger(1, expected.getR()));
        assertThat(signature.s()).isEqualTo(new BigInteger(1, expected.getS()));
        assertThat(signature.v()).isEqualTo(expected.getV()[0]);
        assertThat(key.address()).hasToString(Keys.toChecksumAddress(Keys.getAddress(pair)));
        assertThat(signature.signer(digest)).isEqualTo(key.address());
        assertThat(Signature.parse(signature.toBytes())).isEqualTo(signature);
    }

    @Test
    void the_malleated_twin_and_other_lengths_are_refused() {
        SigningKey key = SigningKey.of(BigIntegers.one());
        Signature good = key.sign(new byte[32]);
        byte[] twin = good.toBytes();
        Secp256k1.put(Secp256k1.ORDER.subtract(good.s()), twin, 32);
        twin[64] = (byte) (good.v() == 27 ? 28 : 27);
        assertThatThrownBy(() -> Signature.parse(twin)).hasMessageContaining("malleated");
        assertThatThrownBy(() -> Signature.parse(new byte[64])).hasMessageContaining("found 64");
        assertThatThrownBy(() -> Signature.parse(new byte[65])).hasMessageContaining("expected r");
        byte[] oldV = good.toBytes();
        oldV[64] = 0;
        assertThatThrownBy(() -> Signature.parse(oldV)).hasMessageContaining("27 or 28");
    }

    @Property(tries = 500)
    void any_65_bytes_are_refused_or_name_some_signer_and_never_the_key(@ForAll @Size(65) byte[] bytes) {
        SigningKey key = SigningKey.of(BigIntegers.one());
        try {
            assertThat(Signature.parse(bytes).isBy(key.address(), new byte[32])).isFalse();
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageContaining("expected");
        }
    }

    private static final class BigIntegers {
        static byte[] one() {
            byte[] one = new byte[32];
            one[31] = 1;
            return one;
        }
    }
}
