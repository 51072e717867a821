package io.infergrid.libp2p.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys, with the JDK as oracle, and the file that keeps them. */
class IdentityTest {

    private static final byte[] MESSAGE = "what was signed".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path directory;

    @Test
    void the_jdk_verifies_what_we_sign_and_signs_the_same() throws Exception {
        for (int seed = 0; seed < 20; seed++) {
            var bytes = new byte[32];
            new Random(seed).nextBytes(bytes);
            var key = PrivateKey.fromSeed(bytes);
            var signature = key.sign(MESSAGE);
            assertThat(jdkSignature(bytes)).isEqualTo(signature); // Ed25519 is deterministic
            var verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(KeyFactory.getInstance("Ed25519")
                    .generatePublic(new X509EncodedKeySpec(
                            join("302a300506032b6570032100", key.publicKey().data()))));
            verifier.update(MESSAGE);
            assertThat(verifier.verify(signature)).isTrue();
            assertThat(key.publicKey().verify(MESSAGE, signature)).isTrue();
        }
    }

    private static byte[] jdkSignature(byte[] seed) throws GeneralSecurityException {
        var signer = Signature.getInstance("Ed25519");
        signer.initSign(KeyFactory.getInstance("Ed25519")
                .generatePrivate(new PKCS8EncodedKeySpec(join("302e020100300506032b657004220420", seed))));
        signer.update(MESSAGE);
        return signer.sign();
    }

    private static byte[] join(String prefixHex, byte[] rest) {
        var prefix = HexFormat.of().parseHex(prefixHex);
        var joined = Arrays.copyOf(prefix, prefix.length + rest.length);
        System.arraycopy(rest, 0, joined, prefix.length, rest.length);
        return joined;
    }

    @Test
    void a_changed_message_signature_or_key_does_not_verify() throws IOException {
        var key = PrivateKey.generate();
        var signature = key.sign(MESSAGE);
        assertThat(PrivateKey.generate().publicKey().verify(MESSAGE, signature)).isFalse();
        assertThat(key.publicKey().verify(new byte[0], signature)).isFalse();
        for (int i = 0; i < signature.length; i++) {
            var changed = signature.clone();
            changed[i] ^= 1;
            assertThat(key.publicKey().verify(MESSAGE, changed)).isFalse();
        }
        assertThat(key.publicKey().verify(MESSAGE, Arrays.copyOf(signature, 63)))
                .isFalse();
    }

    @Test
    void a_second_form_of_a_signature_does_not_verify() throws IOException {
        // S + L is the same scalar modulo the group order; taking it would let anyone make a second valid signature
        var key = PrivateKey.generate();
        var signature = key.sign(MESSAGE);
        var order = HexFormat.of().parseHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        int carry = 0;
        for (int i = 0; i < 32; i++) {
            carry += (signature[32 + i] & 0xff) + (order[i] & 0xff);
            signature[32 + i] = (byte) carry;
            carry >>= 8;
        }
        assertThat(key.publicKey().verify(MESSAGE, signature)).isFalse();
    }

    @Test
    void the_first_start_makes_an_identity_and_the_next_ones_keep_it() throws IOException {
        var file = directory.resolve("state").resolve("identity.key");
        var first = new KeyStore(file).loadOrCreate();
        var second = new KeyStore(file).loadOrCreate();
        assertThat(second.peerId()).isEqualTo(first.peerId());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        try (var left = Files.list(file.getParent())) {
            assertThat(left).containsExactly(file);
        }
    }

    @Test
    void an_identity_that_others_can_read_becomes_the_owners_again() throws IOException {
        var file = directory.resolve("identity.key");
        new KeyStore(file).loadOrCreate();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        new KeyStore(file).load();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void an_identity_is_not_replaced() throws IOException {
        var store = new KeyStore(directory.resolve("identity.key"));
        var key = store.loadOrCreate();
        assertThatThrownBy(() -> store.create(PrivateKey.generate())).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(store.load().peerId()).isEqualTo(key.peerId());
    }

    @Test
    void a_damaged_file_is_refused_in_one_line() throws IOException {
        var file = directory.resolve("identity.key");
        var store = new KeyStore(file);
        var whole = PrivateKey.generate().encode();
        var mixed = whole.clone();
        mixed[60] ^= 1;
        for (var bad : new byte[][] {
            {}, Arrays.copyOf(whole, 40), mixed, new byte[1000], "text".getBytes(StandardCharsets.UTF_8)
        }) {
            Files.write(file, bad);
            assertThatThrownBy(store::loadOrCreate)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(file.toString())
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
        }
    }
}
