package io.infergrid.libp2p.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.identity.PrivateKey;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.XECPublicKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import javax.crypto.KeyAgreement;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class NoiseXXTest {

    private static final HexFormat HEX = HexFormat.of();

    // Noise_XX_25519_ChaChaPoly_SHA256 of the cacophony vectors (public domain): payload, ciphertext
    private static final List<List<String>> MESSAGES = List.of(
            List.of(
                    "4c756477696720766f6e204d69736573",
                    "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573"),
            List.of(
                    "4d757272617920526f746862617264",
                    "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884381cbad1f276e038c48378ffce2b65285e08d6b68"
                            + "aaa3629a5a8639392490e5b9bd5269c2f1e4f488ed8831161f19b7815528f8982ffe09be9b5c412f8a0db50f8814c7194e83"
                            + "f23dbd8d162c9326ad"),
            List.of(
                    "462e20412e20486179656b",
                    "c7195ffacac1307ff99046f219750fc47693e23c3cb08b89c2af808b444850a80ae475b9df0f169ae80a89be0865b57f58c9fea0"
                            + "d4ec82a286427402f113e4b6ae769a1d95941d49b25030"),
            List.of("4361726c204d656e676572", "96763ed773f8e47bb3712f0e29b3060ffc956ffc146cee53d5e1df"),
            List.of(
                    "4a65616e2d426170746973746520536179",
                    "3e40f15f6f3a46ae446b253bf8b1d9ffb6ed9b174d272328ff91a7e2e5c79c07f5"),
            List.of(
                    "457567656e2042f6686d20766f6e2042617765726b",
                    "eb3f3515110702e047a6c9da4478b6ead94873c11c0f2d710ddb3f09fce024b3a58502ae3f"));
    private static final String HASH = "c8e5f64e846193be2a834104c2a009868d6c9f3bd3c186299888b488b2f1f58e";
    private static final byte[] PROLOGUE = HEX.parseHex("4a6f686e2047616c74");

    private static NoiseXX initiator() throws GeneralSecurityException {
        return new NoiseXX(
                true,
                pair("e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1"),
                pair("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a"),
                PROLOGUE);
    }

    private static NoiseXX responder() throws GeneralSecurityException {
        return new NoiseXX(
                false,
                pair("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893"),
                pair("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"),
                PROLOGUE);
    }

    private static X25519Pair pair(String secret) {
        return X25519Pair.of(HEX.parseHex(secret));
    }

    @Example
    void the_vectors_of_cacophony() throws GeneralSecurityException {
        var initiator = initiator();
        var responder = responder();
        for (int i = 0; i < 3; i++) {
            var writer = i % 2 == 0 ? initiator : responder;
            var reader = i % 2 == 0 ? responder : initiator;
            var message = writer.write(HEX.parseHex(MESSAGES.get(i).get(0)));
            assertThat(HEX.formatHex(message)).isEqualTo(MESSAGES.get(i).get(1));
            assertThat(HEX.formatHex(reader.read(message)))
                    .isEqualTo(MESSAGES.get(i).get(0));
        }
        assertThat(HEX.formatHex(initiator.hash())).isEqualTo(HASH);
        assertThat(HEX.formatHex(responder.hash())).isEqualTo(HASH);
        var i = initiator.split();
        var r = responder.split();
        for (int n = 3; n < MESSAGES.size(); n++) {
            var sending = n % 2 == 1 ? r.sending() : i.sending();
            var receiving = n % 2 == 1 ? i.receiving() : r.receiving();
            var sealed = sending.seal(new byte[0], HEX.parseHex(MESSAGES.get(n).get(0)));
            assertThat(HEX.formatHex(sealed)).isEqualTo(MESSAGES.get(n).get(1));
            assertThat(HEX.formatHex(receiving.open(new byte[0], sealed)))
                    .isEqualTo(MESSAGES.get(n).get(0));
        }
    }

    @Property(tries = 200)
    void one_changed_bit_ends_the_handshake(
            @ForAll @IntRange(max = 2) int which, @ForAll @IntRange(max = 10_000) int bit)
            throws GeneralSecurityException {
        var initiator = initiator();
        var responder = responder();
        boolean refused = false;
        try {
            for (int i = 0; i < 3; i++) {
                var message = (i % 2 == 0 ? initiator : responder).write(new byte[] {1, 2, 3});
                if (i == which) {
                    // the top bit of a point is not part of it (RFC 7748), but of the hash of the handshake
                    message[bit / 8 % message.length] ^= (byte) (1 << bit % 8);
                }
                (i % 2 == 0 ? responder : initiator).read(message);
            }
        } catch (GeneralSecurityException e) {
            refused = true;
        }
        assertThat(refused).isTrue();
    }

    @Property
    void any_bytes_in_place_of_a_message_are_refused(
            @ForAll @IntRange(min = 1, max = 2) int which, @ForAll @Size(max = 300) byte[] bytes)
            throws GeneralSecurityException {
        var initiator = initiator();
        var responder = responder();
        var first = initiator.write(new byte[0]);
        responder.read(first);
        if (which == 1) {
            assertThatThrownBy(() -> initiator.read(bytes)).isInstanceOf(GeneralSecurityException.class);
            return;
        }
        initiator.read(responder.write(new byte[0]));
        assertThatThrownBy(() -> responder.read(bytes)).isInstanceOf(GeneralSecurityException.class);
    }

    @Example
    void points_of_small_order_are_refused() {
        for (var point : List.of(
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")) {
            assertThatThrownBy(() -> X25519Pair.generate().agree(HEX.parseHex(point)))
                    .isInstanceOf(GeneralSecurityException.class);
        }
    }

    @Example
    void the_jdk_agrees_on_x25519() throws GeneralSecurityException {
        var random = new Random(1);
        for (int i = 0; i < 20; i++) {
            var mine = new byte[32];
            var theirs = new byte[32];
            random.nextBytes(mine);
            random.nextBytes(theirs);
            var point = X25519Pair.of(theirs).point();
            assertThat(X25519Pair.of(mine).agree(point)).isEqualTo(jdkAgreement(mine, point));
        }
    }

    private static byte[] jdkAgreement(byte[] secret, byte[] point) throws GeneralSecurityException {
        var factory = KeyFactory.getInstance("X25519");
        var agreement = KeyAgreement.getInstance("X25519");
        agreement.init(factory.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, secret)));
        var reversed = point.clone();
        for (int i = 0; i < 16; i++) {
            byte b = reversed[i];
            reversed[i] = reversed[31 - i];
            reversed[31 - i] = b;
        }
        var key = (XECPublicKey)
                factory.generatePublic(new XECPublicKeySpec(NamedParameterSpec.X25519, new BigInteger(1, reversed)));
        agreement.doPhase(key, true);
        return agreement.generateSecret();
    }

    @Property
    void any_bytes_are_a_payload_or_a_decode_exception(@ForAll @Size(max = 300) byte[] bytes) throws Exception {
        try {
            Bounded.memory(() -> {
                HandshakePayload.decode(bytes);
            });
        } catch (DecodeException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }

    @Property(tries = 300)
    void a_payload_with_a_changed_byte_is_refused_or_vouches_for_nothing(
            @ForAll @IntRange(max = 10_000) int at, @ForAll @IntRange(min = 1, max = 255) int change) {
        var identity = PrivateKey.fromSeed(new byte[32]);
        var staticKey = X25519Pair.of(new byte[32]).point();
        var payload = HandshakePayload.sign(identity, staticKey, List.of("/yamux/1.0.0"));
        var bytes = payload.encode();
        bytes[at % bytes.length] ^= (byte) change;
        try {
            var read = HandshakePayload.decode(bytes);
            boolean sameSigned =
                    read.identity().equals(payload.identity()) && Arrays.equals(read.signature(), payload.signature());
            assertThat(read.vouchesFor(staticKey)).isEqualTo(sameSigned);
        } catch (DecodeException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }
}
