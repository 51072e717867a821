package io.infergrid.libp2p.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

class SignedEnvelopeTest {

    private static final PrivateKey KEY = PrivateKey.fromSeed(new byte[32]);
    private static final PrivateKey OTHER = PrivateKey.generate();
    private static final List<Multiaddr> ADDRESSES =
            List.of(Multiaddr.parse("/ip4/203.0.113.7/tcp/4001"), Multiaddr.parse("/ip6/2001:db8::1/udp/4001/quic-v1"));

    @Example
    void what_is_signed_can_be_passed_on_and_opened() throws IOException {
        var sealed = PeerRecord.seal(KEY, 42, ADDRESSES);
        var passedOn = SignedEnvelope.decode(sealed.encode());
        assertThat(passedOn).isEqualTo(sealed);
        assertThat(passedOn.encode()).isEqualTo(sealed.encode());
        assertThat(PeerRecord.open(passedOn)).isEqualTo(new PeerRecord(KEY.peerId(), 42, ADDRESSES));
    }

    @Example
    void the_signed_bytes_are_those_of_rfc_0002() throws IOException {
        var payload = new byte[] {1, 2, 3};
        var signed = new byte[] {1, 'd', 2, 3, 1, 3, 1, 2, 3};
        var bytes = new ProtoWriter()
                .bytes(1, KEY.publicKey().encode())
                .bytes(2, new byte[] {3, 1})
                .bytes(3, payload)
                .bytes(5, KEY.sign(signed))
                .toByteArray();
        assertThat(SignedEnvelope.decode(bytes).open("d", new byte[] {3, 1})).isEqualTo(payload);
        assertThat(SignedEnvelope.seal(KEY, "d", new byte[] {3, 1}, payload).encode())
                .isEqualTo(bytes);
    }

    @Example
    void a_signature_for_another_purpose_is_none() {
        var sealed = SignedEnvelope.seal(KEY, "libp2p-relay-rsvp", new byte[] {3, 1}, new byte[0]);
        assertThatThrownBy(() -> sealed.open("libp2p-peer-record", new byte[] {3, 1}))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("expected a signature of " + KEY.peerId());
        assertThatThrownBy(() -> sealed.open("libp2p-relay-rsvp", new byte[] {3, 2}))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("expected type [3, 2], found [3, 1]");
    }

    @Example
    void a_record_of_another_than_its_signer_is_refused() {
        var record = new PeerRecord(KEY.peerId(), 1, ADDRESSES).encode();
        var sealed = SignedEnvelope.seal(OTHER, PeerRecord.DOMAIN, new byte[] {3, 1}, record);
        assertThatThrownBy(() -> PeerRecord.open(sealed))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining(
                        "expected one of its signer " + OTHER.peerId() + ", found one of " + KEY.peerId());
    }

    @Example
    void one_changed_bit_anywhere_is_found() {
        var bytes = PeerRecord.seal(KEY, 42, ADDRESSES).encode();
        var random = new Random(1);
        for (int i = 0; i < 200; i++) {
            var changed = bytes.clone();
            changed[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            assertThatThrownBy(() -> PeerRecord.open(SignedEnvelope.decode(changed)))
                    .isInstanceOfAny(DecodeException.class, ProtocolViolation.class);
        }
    }

    @Example
    void what_is_too_large_is_refused_or_cut() throws IOException {
        assertThatThrownBy(() -> SignedEnvelope.decode(new byte[SignedEnvelope.MAX_BYTES + 1]))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("expected at most 16384 bytes, found 16385");
        var many = IntStream.range(0, 100)
                .mapToObj(i -> Multiaddr.parse("/ip4/203.0.113.7/tcp/" + (1000 + i)))
                .toList();
        assertThat(PeerRecord.open(PeerRecord.seal(KEY, 1, many)).addresses()).hasSize(PeerRecord.MAX_ADDRESSES);
        var record = new PeerRecord(KEY.peerId(), 1, many).encode();
        assertThat(PeerRecord.decode(record).addresses()).hasSize(PeerRecord.MAX_ADDRESSES);
    }

    @Property(tries = 500)
    void any_bytes_are_an_envelope_or_a_declared_exception(@ForAll @Size(max = 300) byte[] bytes) throws Exception {
        Bounded.memory(() -> {
            try {
                assertThat(SignedEnvelope.decode(bytes).signer()).isNotNull();
            } catch (DecodeException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
            try {
                assertThat(PeerRecord.decode(bytes).peer()).isNotNull();
            } catch (DecodeException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        });
    }

    @Property(tries = 200)
    void any_signed_payload_is_a_record_or_a_declared_exception(@ForAll @Size(max = 100) byte[] payload)
            throws IOException {
        try {
            var sealed = SignedEnvelope.seal(KEY, PeerRecord.DOMAIN, new byte[] {3, 1}, payload);
            assertThat(PeerRecord.open(sealed).peer()).isEqualTo(KEY.peerId());
        } catch (DecodeException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    @Example
    void a_known_text_signs_the_same_each_time() {
        var text = "passed on".getBytes(StandardCharsets.UTF_8);
        assertThat(SignedEnvelope.seal(KEY, "d", text, text))
                .isEqualTo(SignedEnvelope.seal(KEY, "d", text, text))
                .hasSameHashCodeAs(SignedEnvelope.seal(KEY, "d", text, text));
    }
}
