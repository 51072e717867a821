package io.infergrid.libp2p.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.DerReader;
import io.infergrid.libp2p.codec.DerReader.Oid;
import io.infergrid.libp2p.codec.DerWriter;
import io.infergrid.libp2p.identity.KeyType;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.IOException;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Certificates of the libp2p specs, ours, and those of peers that keep to no rule. */
class CertificateTest {

    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");
    private static final Oid UNKNOWN = Oid.of("1.3.6.1.4.1.53594.1.9");
    private static final PrivateKey IDENTITY = PrivateKey.generate();

    private record Vector(String peer, byte[] certificate) {}

    private static List<Vector> vectors() {
        try (var in = Objects.requireNonNull(CertificateTest.class.getResourceAsStream("certificates.txt"))) {
            return new String(in.readAllBytes(), US_ASCII)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" "))
                    .map(words -> new Vector(words[0], HexFormat.of().parseHex(words[1])))
                    .toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Example
    void the_certificates_of_the_specs_prove_their_peers() throws Exception {
        assertThat(vectors()).hasSize(4);
        for (var vector : vectors().subList(0, 3)) {
            var identity = PeerCertificate.verify(vector.certificate(), NOW);
            assertThat(identity.peerId()).hasToString(vector.peer());
            assertThat(PeerCertificate.identity(vector.certificate())).isEqualTo(identity);
        }
        assertThat(PeerCertificate.verify(vectors().get(1).certificate(), NOW).type())
                .isEqualTo(KeyType.ECDSA);
        assertThatThrownBy(() -> PeerCertificate.verify(vectors().get(3).certificate(), NOW))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("not signed by the identity");
    }

    @Example
    void a_certificate_of_ours_proves_our_identity_to_us_and_is_one_to_the_jdk() throws Exception {
        var own = OwnCertificate.create(IDENTITY, NOW);
        assertThat(PeerCertificate.verify(own.certificate().getEncoded(), NOW)).isEqualTo(IDENTITY.publicKey());
        own.certificate().verify(own.certificate().getPublicKey());
        own.certificate().checkValidity(java.util.Date.from(NOW));
        assertThat(own.certificate().getVersion()).isEqualTo(3);
        assertThat(own.certificate().getEncoded().length).isLessThan(600);
        assertThat(OwnCertificate.create(IDENTITY, NOW).certificate().getSerialNumber())
                .isNotEqualTo(own.certificate().getSerialNumber());
    }

    private static byte[] with(Instant from, Instant to, UnaryOperator<DerWriter> extensions) throws Exception {
        return OwnCertificate.create(IDENTITY, from, to, extensions)
                .certificate()
                .getEncoded();
    }

    @Example
    void a_certificate_is_valid_from_its_first_second_to_its_last() throws Exception {
        var to = NOW.plus(Duration.ofDays(20_000)); // past 2050, which is written in another form
        var der = with(NOW, to, UnaryOperator.identity());
        assertThat(PeerCertificate.verify(der, NOW)).isEqualTo(IDENTITY.publicKey());
        assertThat(PeerCertificate.verify(der, to)).isEqualTo(IDENTITY.publicKey());
        for (var at : List.of(NOW.minusSeconds(1), to.plusSeconds(1))) {
            assertThatThrownBy(() -> PeerCertificate.verify(der, at))
                    .isInstanceOf(ProtocolViolation.class)
                    .hasMessageContaining("expected one that is valid at " + at);
        }
    }

    private static DerWriter extension(DerWriter to, Oid oid, boolean critical) {
        return to.sequence(e -> {
            e.oid(oid);
            if (critical) {
                e.value(DerReader.BOOLEAN, new byte[] {-1});
            }
            e.octets(new byte[] {1, 2, 3});
        });
    }

    @Example
    void unknown_extensions_are_ignored_unless_they_are_critical() throws Exception {
        var end = NOW.plusSeconds(60);
        assertThat(PeerCertificate.verify(with(NOW, end, w -> extension(w, UNKNOWN, false)), NOW))
                .isEqualTo(IDENTITY.publicKey());
        assertThatThrownBy(() -> PeerCertificate.verify(with(NOW, end, w -> extension(w, UNKNOWN, true)), NOW))
                .hasMessageContaining("no other critical extension");
        assertThatThrownBy(() -> PeerCertificate.verify(
                        with(NOW, end, w -> {
                            for (int i = 0; i < 16; i++) {
                                extension(w, Oid.of("1.3.6.1.4.1.53594.1." + (10 + i)), false);
                            }
                            return w;
                        }),
                        NOW))
                .hasMessageContaining("at most 16 extensions");
    }

    @Example
    void the_libp2p_extension_is_there_once_and_may_be_critical() throws Exception {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        var keys = generator.generateKeyPair();
        var value = SignedKey.sign(IDENTITY, keys.getPublic().getEncoded()).encode();
        var critical = new DerWriter()
                .sequence(w -> w.sequence(e -> e.oid(SignedKey.EXTENSION)
                        .value(DerReader.BOOLEAN, new byte[] {-1})
                        .octets(value)))
                .toByteArray();
        var der = OwnCertificate.certificate(keys, NOW, NOW, critical).getEncoded();
        assertThat(PeerCertificate.verify(der, NOW)).isEqualTo(IDENTITY.publicKey());

        var none = OwnCertificate.certificate(
                        keys,
                        NOW,
                        NOW,
                        new DerWriter()
                                .sequence(w -> extension(w, UNKNOWN, false))
                                .toByteArray())
                .getEncoded();
        assertThatThrownBy(() -> PeerCertificate.verify(none, NOW))
                .hasMessageContaining("expected the libp2p extension, found none");

        var twice = new DerWriter()
                .sequence(w -> {
                    for (int i = 0; i < 2; i++) {
                        w.sequence(e -> e.oid(SignedKey.EXTENSION).octets(value));
                    }
                })
                .toByteArray();
        // the JDK does not even read such a certificate, so it is put together by hand
        var two = replaced(der, critical, twice);
        assertThatThrownBy(() -> PeerCertificate.verify(two, NOW)).hasMessageContaining("found two");
    }

    /** The certificate with other extensions and thus a wrong signature; refused before that is looked at. */
    private static byte[] replaced(byte[] der, byte[] extensions, byte[] others) throws DecodeException {
        var whole = new DerReader(der).sequence();
        var part = whole.sequence();
        return new DerWriter()
                .sequence(w -> {
                    try {
                        w.sequence(s -> {
                            try {
                                for (int i = 0; i < 7; i++) {
                                    s.raw(part.element());
                                }
                            } catch (DecodeException e) {
                                throw new IllegalStateException(e);
                            }
                            s.enter(0xa3, x -> x.raw(others));
                        });
                        w.raw(whole.element()).raw(whole.element());
                    } catch (DecodeException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toByteArray();
    }

    @Example
    void a_key_that_the_identity_did_not_sign_is_refused() throws Exception {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        var keys = generator.generateKeyPair();
        var stolen = SignedKey.sign(
                        IDENTITY, generator.generateKeyPair().getPublic().getEncoded())
                .encode();
        var extensions = new DerWriter()
                .sequence(w -> w.sequence(e -> e.oid(SignedKey.EXTENSION).octets(stolen)))
                .toByteArray();
        var der = OwnCertificate.certificate(keys, NOW, NOW, extensions).getEncoded();
        assertThatThrownBy(() -> PeerCertificate.verify(der, NOW))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("not signed by the identity");
    }

    @Example
    void a_certificate_that_another_key_signed_is_refused() throws Exception {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        var shown = generator.generateKeyPair();
        var signing = new java.security.KeyPair(
                shown.getPublic(), generator.generateKeyPair().getPrivate());
        var value = SignedKey.sign(IDENTITY, shown.getPublic().getEncoded()).encode();
        var extensions = new DerWriter()
                .sequence(w -> w.sequence(e -> e.oid(SignedKey.EXTENSION).octets(value)))
                .toByteArray();
        var der = OwnCertificate.certificate(signing, NOW, NOW, extensions).getEncoded();
        assertThatThrownBy(() -> PeerCertificate.verify(der, NOW))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("its own key's signature");
    }

    @Example
    void one_certificate_of_the_expected_peer_is_trusted() throws Exception {
        var own = OwnCertificate.create(IDENTITY, NOW).certificate();
        new PeerTrust(() -> NOW, null).checkClientTrusted(new X509Certificate[] {own}, "EC");
        new PeerTrust(() -> NOW, IDENTITY.peerId()).checkServerTrusted(new X509Certificate[] {own}, "EC");
        var other = PrivateKey.generate().peerId();
        assertThatThrownBy(() -> new PeerTrust(() -> NOW, other).checkServerTrusted(new X509Certificate[] {own}, "EC"))
                .isInstanceOf(CertificateException.class)
                .hasMessageContaining("dialled peer " + other + ", found " + IDENTITY.peerId());
        for (var chain : new X509Certificate[][] {{}, {own, own}}) {
            assertThatThrownBy(() -> new PeerTrust(() -> NOW, null).checkClientTrusted(chain, "EC"))
                    .hasMessageContaining("expected one certificate, found " + chain.length);
        }
    }

    @Property(tries = 400)
    void a_damaged_certificate_is_refused(
            @ForAll @IntRange(max = 2) int which, @ForAll @IntRange(max = 600) int at, @ForAll byte value)
            throws Exception {
        var der = vectors().get(which).certificate();
        int position = at % der.length;
        if (der[position] == value) {
            return;
        }
        der[position] = value;
        PeerCertificate.verify(vectors().get(which).certificate(), NOW); // loads the classes
        assertRefused(der);
    }

    @Property(tries = 1000)
    void any_bytes_are_refused_within_little_memory(@ForAll @Size(max = 400) byte[] bytes) throws Exception {
        assertRefused(bytes);
    }

    @Example
    void a_large_certificate_is_refused_before_it_is_read() throws Exception {
        assertRefused(new byte[PeerCertificate.MAX_BYTES + 1]);
    }

    private static void assertRefused(byte[] der) throws Exception {
        var failures = new ArrayList<IOException>(1);
        Bounded.memory(() -> {
            try {
                PeerCertificate.verify(der, NOW);
            } catch (DecodeException | ProtocolViolation e) {
                failures.add(e);
            }
        });
        assertThat(failures)
                .singleElement()
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }
}
