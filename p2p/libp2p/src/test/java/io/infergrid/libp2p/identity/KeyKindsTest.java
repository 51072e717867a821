package io.infergrid.libp2p.identity;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.DerReader;
import io.infergrid.libp2p.codec.DerReader.Oid;
import io.infergrid.libp2p.codec.DerWriter;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;

/** The four kinds of identity keys against the vectors of the libp2p specs, and against strangers. */
class KeyKindsTest {

    private static final byte[] MESSAGE = "what was signed".getBytes(US_ASCII);
    private static final Oid EC = Oid.of("1.2.840.10045.2.1");
    private static final Oid P256 = Oid.of("1.2.840.10045.3.1.7");
    private static final Oid RSA = Oid.of("1.2.840.113549.1.1.1");
    private static final Map<KeyType, byte[][]> VECTORS = vectors();

    private static Map<KeyType, byte[][]> vectors() {
        try (var in = Objects.requireNonNull(KeyKindsTest.class.getResourceAsStream("keys.txt"))) {
            var keys = new TreeMap<KeyType, byte[][]>();
            new String(in.readAllBytes(), US_ASCII)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" "))
                    .forEach(word -> keys.put(KeyType.valueOf(word[0]), new byte[][] {
                        HexFormat.of().parseHex(word[1]), HexFormat.of().parseHex(word[2])
                    }));
            return keys;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[][] vector(KeyType type) {
        return Objects.requireNonNull(VECTORS.get(type));
    }

    private static PublicKey publicKey(KeyType type) throws DecodeException {
        return PublicKey.decode(vector(type)[1]);
    }

    /** What the private key of the vectors signs, by other means than ours. */
    private static byte[] sign(KeyType type, byte[] message) throws Exception {
        var reader = new ProtoReader(vector(type)[0]);
        byte[] data = {};
        while (reader.next()) {
            if (reader.field() == 2) {
                data = reader.bytes(4096);
            } else {
                reader.skip();
            }
        }
        return switch (type) {
            case ED25519 -> PrivateKey.decode(vector(type)[0]).sign(message);
            case SECP256K1 -> secp256k1(data, message);
            case ECDSA ->
                jdk("EC", "SHA256withECDSA", pkcs8(data, w -> w.oid(EC).oid(P256)), message);
            case RSA ->
                jdk("RSA", "SHA256withRSA", pkcs8(data, w -> w.oid(RSA).value(DerReader.NULL, new byte[0])), message);
        };
    }

    private static byte[] pkcs8(byte[] key, java.util.function.Consumer<DerWriter> algorithm) {
        return new DerWriter()
                .sequence(w -> w.integer(BigInteger.ZERO).sequence(algorithm).octets(key))
                .toByteArray();
    }

    private static byte[] jdk(String kind, String algorithm, byte[] pkcs8, byte[] message)
            throws GeneralSecurityException {
        var signer = Signature.getInstance(algorithm);
        signer.initSign(KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(pkcs8)));
        signer.update(message);
        return signer.sign();
    }

    private static byte[] secp256k1(byte[] key, byte[] message) throws GeneralSecurityException {
        var signer = new ECDSASigner();
        signer.init(
                true,
                new ECPrivateKeyParameters(
                        new BigInteger(1, key), new ECDomainParameters(CustomNamedCurves.getByName("secp256k1"))));
        var numbers =
                signer.generateSignature(MessageDigest.getInstance("SHA-256").digest(message));
        return der(numbers[0], numbers[1]);
    }

    private static byte[] der(BigInteger r, BigInteger s) {
        return new DerWriter().sequence(w -> w.integer(r).integer(s)).toByteArray();
    }

    @Example
    void each_public_key_of_the_specs_is_read_and_written_again() throws Exception {
        assertThat(VECTORS).hasSize(4);
        for (var type : KeyType.values()) {
            var key = publicKey(type);
            assertThat(key.type()).isEqualTo(type);
            assertThat(key.encode()).isEqualTo(vector(type)[1]);
            assertThat(PeerId.decode(key.peerId().bytes())).isEqualTo(key.peerId());
        }
        var own = PrivateKey.decode(vector(KeyType.ED25519)[0]);
        assertThat(own.publicKey()).isEqualTo(publicKey(KeyType.ED25519));
    }

    @Example
    void small_keys_are_their_own_peer_id_and_large_ones_are_hashed() throws Exception {
        assertThat(publicKey(KeyType.ED25519).peerId().toString()).startsWith("12D3KooW");
        assertThat(publicKey(KeyType.SECP256K1).peerId().toString()).startsWith("16Uiu2HA");
        assertThat(publicKey(KeyType.ECDSA).peerId().toString()).startsWith("Qm");
        assertThat(publicKey(KeyType.RSA).peerId().toString()).startsWith("Qm");
    }

    @Example
    void each_public_key_verifies_what_the_private_key_of_the_specs_signed() throws Exception {
        for (var type : KeyType.values()) {
            var signature = sign(type, MESSAGE);
            var key = publicKey(type);
            assertThat(key.verify(MESSAGE, signature)).as("%s", type).isTrue();
            assertThat(key.verify("another".getBytes(US_ASCII), signature))
                    .as("%s", type)
                    .isFalse();
            for (int bit = 0; bit < 8 * signature.length; bit += 37) {
                var changed = signature.clone();
                changed[bit / 8] ^= (byte) (1 << bit % 8);
                assertThat(key.verify(MESSAGE, changed))
                        .as("%s with bit %s changed", type, bit)
                        .isFalse();
            }
            assertThat(key.verify(MESSAGE, new byte[0])).isFalse();
            assertThat(key.verify(MESSAGE, Arrays.copyOf(signature, signature.length - 1)))
                    .isFalse();
            assertThat(key.verify(MESSAGE, Arrays.copyOf(signature, signature.length + 1)))
                    .isFalse();
        }
    }

    @Example
    void numbers_out_of_range_are_no_signature() throws Exception {
        var order = CustomNamedCurves.getByName("secp256k1").getN();
        for (var type : new KeyType[] {KeyType.SECP256K1, KeyType.ECDSA}) {
            var key = publicKey(type);
            for (var number : new BigInteger[] {
                BigInteger.ZERO, order, BigInteger.ONE.negate(), BigInteger.ONE.shiftLeft(256), BigInteger.TWO.pow(2000)
            }) {
                assertThat(key.verify(MESSAGE, der(number, BigInteger.ONE))).isFalse();
                assertThat(key.verify(MESSAGE, der(BigInteger.ONE, number))).isFalse();
            }
        }
    }

    private static byte[] key(KeyType type, byte[] data) {
        return new ProtoWriter().varint(1, type.ordinal()).bytes(2, data).toByteArray();
    }

    private static byte[] rsa(BigInteger modulus, BigInteger exponent) {
        var numbers = new DerWriter().sequence(w -> w.integer(modulus).integer(exponent));
        return key(
                KeyType.RSA,
                new DerWriter()
                        .sequence(w -> w.sequence(a -> a.oid(RSA).value(DerReader.NULL, new byte[0]))
                                .bits(numbers.toByteArray()))
                        .toByteArray());
    }

    private static BigInteger odd(int bits) {
        return BigInteger.ONE.shiftLeft(bits - 1).setBit(0);
    }

    @Example
    void rsa_keys_have_2048_to_8192_bits_and_a_small_exponent() throws Exception {
        var e = BigInteger.valueOf(65537);
        assertThat(PublicKey.decode(rsa(odd(2048), e)).verify(MESSAGE, new byte[256]))
                .isFalse();
        assertThat(PublicKey.decode(rsa(odd(8192), e)).verify(MESSAGE, new byte[1024]))
                .isFalse();
        assertThatThrownBy(() -> PublicKey.decode(rsa(odd(2047), e))).hasMessageContaining("2048 to 8192 bits");
        assertThatThrownBy(() -> PublicKey.decode(rsa(odd(8193), e))).hasMessageContaining("at most 8192 bits");
        assertThatThrownBy(() -> PublicKey.decode(rsa(odd(2048).subtract(BigInteger.ONE), e)))
                .hasMessageContaining("odd modulus");
        assertThatThrownBy(() -> PublicKey.decode(rsa(odd(2048), odd(33)))).hasMessageContaining("at most 32 bits");
        assertThatThrownBy(() -> PublicKey.decode(rsa(odd(2048), BigInteger.ONE)))
                .hasMessageContaining("odd exponent");
        assertThatThrownBy(() -> PublicKey.decode(rsa(odd(2048), e.negate()))).hasMessageContaining("negative");
    }

    @Example
    void a_point_off_its_curve_verifies_nothing() throws Exception {
        var ecdsa = vector(KeyType.ECDSA)[1].clone();
        ecdsa[ecdsa.length - 1] ^= 1;
        var signature = sign(KeyType.ECDSA, MESSAGE);
        assertThatThrownBy(() -> PublicKey.decode(ecdsa).verify(MESSAGE, signature))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("point of the curve");
        var x = new byte[33];
        x[0] = 2;
        x[32] = 5; // 5^3 + 7 is no square modulo p
        assertThatThrownBy(() -> PublicKey.decode(key(KeyType.SECP256K1, x)).verify(MESSAGE, signature))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("point of the curve");
    }

    @Example
    void keys_in_another_form_are_refused() {
        var spki = Arrays.copyOfRange(vector(KeyType.ECDSA)[1], 4, 4 + 91);
        assertThatThrownBy(() -> PublicKey.decode(key(KeyType.ECDSA, Arrays.copyOf(spki, 92))))
                .hasMessageContaining("expected the end");
        assertThatThrownBy(() -> PublicKey.decode(key(KeyType.RSA, spki))).hasMessageContaining("expected an RSA key");
        assertThatThrownBy(() -> PublicKey.decode(key(KeyType.SECP256K1, new byte[65])))
                .hasMessageContaining("expected 33 bytes");
        assertThatThrownBy(() -> PublicKey.decode(new byte[] {8, 4, 18, 0})).hasMessageContaining("a type from 0 to 3");
        assertThatThrownBy(() -> PublicKey.decode(new byte[] {18, 0, 8, 2})).isInstanceOf(DecodeException.class);
        // the length 91 written with two bytes, and a length beyond what is left
        var longer = new byte[92];
        longer[0] = 0x30;
        longer[1] = (byte) 0x81;
        longer[2] = 89;
        System.arraycopy(spki, 2, longer, 3, 89);
        assertThatThrownBy(() -> PublicKey.decode(key(KeyType.ECDSA, longer))).hasMessageContaining("shortest form");
        var huge = new byte[] {0x30, (byte) 0x84, 0x7f, -1, -1, -1, 1};
        assertThatThrownBy(() -> PublicKey.decode(key(KeyType.ECDSA, huge))).isInstanceOf(DecodeException.class);
    }

    @Property(tries = 2000)
    void any_bytes_are_a_key_or_refused_within_little_memory(
            @ForAll @IntRange(max = 3) int type, @ForAll @Size(max = 200) byte[] data) throws Exception {
        Bounded.memory(() -> readAndVerify(key(KeyType.values()[type], data)));
    }

    @Property(tries = 1000)
    void a_damaged_key_is_refused_or_verifies_nothing(
            @ForAll @IntRange(max = 3) int type, @ForAll @IntRange(max = 600) int at, @ForAll byte value)
            throws Exception {
        var key = vector(KeyType.values()[type])[1].clone();
        boolean changed = key[at % key.length] != value;
        key[at % key.length] = value;
        if (changed) {
            Bounded.memory(() -> readAndVerify(key));
        }
    }

    private static void readAndVerify(byte[] key) {
        try {
            assertThat(PublicKey.decode(key).verify(MESSAGE, new byte[64])).isFalse();
        } catch (DecodeException e) {
            assertThat(e.getMessage()).doesNotContain("\n");
        }
    }

    @Property(tries = 2000)
    void any_bytes_are_walked_as_der_or_refused(@ForAll @Size(max = 300) byte[] bytes) {
        try {
            for (var reader = new DerReader(bytes); reader.hasMore(); ) {
                assertThat(reader.element()).hasSizeGreaterThan(1);
            }
        } catch (DecodeException e) {
            assertThat(e.getMessage()).startsWith("DER: expected");
        }
    }

    @Property(tries = 500)
    void der_comes_back_as_it_was_written(@ForAll @Size(max = 70_000) byte[] bytes, @ForAll BigInteger number)
            throws Exception {
        var positive = number.abs();
        var der = new DerWriter()
                .sequence(w -> w.octets(bytes).bits(bytes).integer(positive).oid(P256))
                .toByteArray();
        var reader = new DerReader(der);
        var inside = reader.sequence();
        reader.expectEnd();
        assertThat(inside.content(DerReader.OCTET_STRING, 70_000)).isEqualTo(bytes);
        assertThat(inside.bits(70_000)).isEqualTo(bytes);
        assertThat(inside.unsigned(100_000)).isEqualTo(positive);
        assertThat(inside.oid()).isEqualTo(P256);
        inside.expectEnd();
    }
}
