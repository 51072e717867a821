package io.infergrid.libp2p.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** RPCs and messages as bytes: what is written is read again, and what strangers write takes no more than it is worth. */
final class RpcTest {

    private static final GossipLimits LIMITS = GossipLimits.DEFAULT;
    private static final PrivateKey KEY = PrivateKey.fromSeed(new byte[32]);

    @Test
    void an_rpc_with_everything_in_it_is_read_as_it_was_written() throws Exception {
        var ids = List.of(new MessageId(new byte[] {1, 2}), new MessageId(new byte[0]));
        var rpc = new Rpc(
                List.of(new Rpc.Subscription(true, "/a"), new Rpc.Subscription(false, "/b")),
                List.of(Message.signed("/a", new byte[] {7}, 9, KEY), Message.unsigned("/b", new byte[0])),
                List.of(new Rpc.IHave("/a", ids)),
                List.of(ids),
                List.of("/a", "/c"),
                List.of(
                        new Rpc.Prune("/a", List.of(), 0),
                        new Rpc.Prune("/b", List.of(new Rpc.ExchangedPeer(KEY.peerId(), new byte[] {5})), 60)),
                List.of(ids, List.of()));
        var read = Rpc.decode(rpc.encode(), LIMITS);
        assertThat(read.encode()).isEqualTo(rpc.encode());
        assertThat(read.subscriptions()).isEqualTo(rpc.subscriptions());
        assertThat(read.messages()).isEqualTo(rpc.messages());
        assertThat(read.ihave()).isEqualTo(rpc.ihave());
        assertThat(read.iwant()).isEqualTo(rpc.iwant());
        assertThat(read.graft()).isEqualTo(rpc.graft());
        assertThat(read.idontwant()).isEqualTo(rpc.idontwant());
        assertThat(read.prune().get(1).backoffSeconds()).isEqualTo(60);
        assertThat(read.prune().get(1).peers().getFirst().peer()).isEqualTo(KEY.peerId());
    }

    @Test
    void a_signed_message_verifies_and_one_changed_byte_anywhere_makes_it_worthless() throws Exception {
        var message = Message.signed("/topic", new byte[] {1, 2, 3}, 42, KEY);
        assertThat(message.fits(SignaturePolicy.STRICT_SIGN)).isTrue();
        assertThat(message.fits(SignaturePolicy.STRICT_NO_SIGN)).isFalse();
        assertThat(genuine(Message.decode(message.encoded(), LIMITS))).isTrue();
        for (int i = 0; i < message.encoded().length; i++) {
            var changed = message.encoded().clone();
            changed[i] ^= 1;
            try {
                assertThat(genuine(Message.decode(changed, LIMITS))).isFalse();
            } catch (DecodeException e) {
                assertThat(e).hasMessageMatching(".+: expected .+"); // not even a message
            }
        }
    }

    private static boolean genuine(Message message) throws DecodeException {
        return message.fits(SignaturePolicy.STRICT_SIGN) && message.verify(message.authorKey());
    }

    @Test
    void an_unsigned_message_has_none_of_the_fields_and_is_named_by_its_hash() {
        var message = Message.unsigned("/topic", new byte[] {1});
        assertThat(message.fits(SignaturePolicy.STRICT_NO_SIGN)).isTrue();
        assertThat(message.fits(SignaturePolicy.STRICT_SIGN)).isFalse();
        assertThat(message.defaultId().bytes()).hasSize(32);
    }

    @Test
    void more_elements_than_allowed_are_refused_with_a_line_that_says_so() {
        var subscription = new ProtoWriter().varint(1, 1).text(2, "/t").toByteArray();
        refused(1, subscription, LIMITS.elements().subscriptions(), "subscriptions");
        refused(
                2,
                new ProtoWriter().text(4, "/t").toByteArray(),
                LIMITS.elements().messages(),
                "messages");
        var graft = new ProtoWriter().text(1, "/t").toByteArray();
        refusedControl(3, graft, LIMITS.elements().control(), "GRAFTs");
        refusedControl(4, graft, LIMITS.elements().control(), "PRUNEs");
        refusedControl(1, graft, LIMITS.elements().control(), "lists of IHAVE");
        refusedControl(2, new byte[0], LIMITS.elements().control(), "lists of IWANT");
        refusedControl(5, new byte[0], LIMITS.elements().control(), "lists of IDONTWANT");
        refusedControl(2, repeated(1, new byte[0], LIMITS.elements().ids() + 1), 0, "message ids in a list");
        refusedControl(2, repeated(1, new byte[0], LIMITS.elements().ids()), 4, "message ids, found more");
        var info = new ProtoWriter().bytes(1, KEY.peerId().bytes()).toByteArray();
        refusedControl(4, repeated(2, info, LIMITS.elements().exchangedPeers() + 1), 0, "peers in a PRUNE");
    }

    @Test
    void long_names_and_fields_are_refused() {
        var topic = "x".repeat(LIMITS.topicBytes() + 1);
        var subscription = new ProtoWriter().varint(1, 1).text(2, topic).toByteArray();
        assertThatThrownBy(() ->
                        Rpc.decode(new ProtoWriter().bytes(1, subscription).toByteArray(), LIMITS))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("expected at most 128 bytes in field 2, found 129");
        var message = new ProtoWriter().bytes(3, new byte[9]).text(4, "/t").toByteArray();
        assertThatThrownBy(() -> Message.decode(message, LIMITS)).hasMessageContaining("expected at most 8 bytes");
        assertThatThrownBy(() -> Message.decode(new byte[0], LIMITS)).hasMessageContaining("expected a topic");
    }

    private static void refused(int field, byte[] element, int most, String what) {
        assertThatThrownBy(() -> Rpc.decode(repeated(field, element, most + 1), LIMITS))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining(what);
    }

    private static void refusedControl(int field, byte[] element, int most, String what) {
        var control = repeated(field, element, most + 1);
        assertThatThrownBy(() -> Rpc.decode(new ProtoWriter().bytes(3, control).toByteArray(), LIMITS))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining(what);
    }

    private static byte[] repeated(int field, byte[] element, int count) {
        var out = new ProtoWriter();
        for (int i = 0; i < count; i++) {
            out.bytes(field, element);
        }
        return out.toByteArray();
    }

    @Property(tries = 500)
    void any_bytes_are_an_rpc_or_are_refused_within_bounds(@ForAll @Size(max = 400) byte[] bytes) throws Exception {
        Bounded.memory(() -> decodeOrRefuse(bytes));
    }

    /** Bytes that begin well get deeper. */
    @Property(tries = 500)
    void a_damaged_rpc_is_an_rpc_or_is_refused_within_bounds(@ForAll long seed) throws Exception {
        var random = new Random(seed);
        var ids = List.of(new MessageId(new byte[random.nextInt(40)]));
        var peers = List.of(new Rpc.ExchangedPeer(peer(random), new byte[random.nextInt(20)]));
        var bytes = new Rpc(
                        List.of(new Rpc.Subscription(random.nextBoolean(), "/a")),
                        List.of(Message.of(
                                peer(random), new byte[random.nextInt(30)], new byte[8], "/a", new byte[64])),
                        List.of(new Rpc.IHave("/a", ids)),
                        List.of(ids),
                        List.of("/a"),
                        List.of(new Rpc.Prune("/a", peers, random.nextInt(1000))),
                        List.of(ids))
                .encode();
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        Bounded.memory(() -> decodeOrRefuse(bytes));
    }

    private static void decodeOrRefuse(byte[] bytes) {
        try {
            Rpc.decode(bytes, LIMITS);
        } catch (DecodeException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }

    private static PeerId peer(Random random) {
        var seed = new byte[32];
        random.nextBytes(seed);
        return PrivateKey.fromSeed(seed).peerId();
    }
}
