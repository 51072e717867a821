package io.infergrid.libp2p.kad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.codec.Uvarint;
import io.infergrid.libp2p.kad.KadMessage.Type;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class KadMessageTest {

    private final Contacts contacts = new Contacts(2);

    @Test
    void every_kind_of_message_comes_back_as_it_was_written() throws Exception {
        for (var type : Type.values()) {
            var message = new KadMessage(
                    type,
                    new byte[] {1, 2, 3},
                    Optional.of(new KadMessage.StoredValue(new byte[] {1, 2, 3}, new byte[] {4})),
                    List.of(contacts.next(), contacts.next()),
                    List.of(contacts.next()));
            var back = KadMessage.read(new ByteArrayInputStream(message.frame()));
            assertThat(back.type()).isEqualTo(type);
            assertThat(back.key()).containsExactly(1, 2, 3);
            assertThat(back.record().orElseThrow().value()).containsExactly(4);
            assertThat(back.closer()).isEqualTo(message.closer());
            assertThat(back.providers()).isEqualTo(message.providers());
        }
    }

    @Test
    void an_end_before_a_message_is_no_error_and_an_end_within_is() throws Exception {
        assertThat(KadMessage.readOrEnd(new ByteArrayInputStream(new byte[0]))).isEmpty();
        var frame = KadMessage.of(Type.FIND_NODE, new byte[] {1}).frame();
        assertThatThrownBy(() -> KadMessage.readOrEnd(new ByteArrayInputStream(Arrays.copyOf(frame, frame.length - 1))))
                .hasMessageContaining("expected 5 bytes, found 4");
    }

    @Test
    void a_message_of_more_than_64_kib_is_refused_before_it_is_read() {
        var length = Uvarint.encode(KadMessage.MAX_BYTES + 1);
        assertThatThrownBy(() -> KadMessage.read(new ByteArrayInputStream(length)))
                .isInstanceOf(DecodeException.class)
                .hasMessage("kad: expected at most 65536 bytes, found 65537");
    }

    @Test
    void more_than_64_peers_are_refused() {
        var message = KadMessage.of(Type.FIND_NODE, new byte[] {1})
                .withCloser(Collections.nCopies(KadMessage.MAX_PEERS + 1, contacts.next()));
        assertThatThrownBy(() -> KadMessage.decode(message.encode()))
                .hasMessage("kad: expected at most 64 peers, found more");
    }

    @Test
    void of_a_peers_addresses_the_first_sixteen_are_kept_and_strange_ones_left_out() throws Exception {
        var peer = contacts.next();
        var encoded = new ProtoWriter().bytes(1, peer.peer().bytes()).bytes(2, new byte[] {(byte) 0xff, 1});
        var addresses = new ArrayList<Multiaddr>();
        for (int i = 0; i < 20; i++) {
            addresses.add(Multiaddr.parse("/ip4/192.0.2.1/tcp/" + (100 + i)));
            encoded.bytes(2, addresses.getLast().bytes());
        }
        var message =
                new ProtoWriter().varint(1, 4).bytes(8, encoded.toByteArray()).toByteArray();
        assertThat(KadMessage.decode(message).closer().getFirst().addresses()).isEqualTo(addresses.subList(0, 16));
    }

    @Test
    void a_peer_without_an_id_and_a_type_that_is_none_are_refused() {
        assertThatThrownBy(() -> KadMessage.decode(
                        new ProtoWriter().bytes(8, new byte[0]).toByteArray()))
                .hasMessage("kad: expected a peer with an id, found one without");
        assertThatThrownBy(
                        () -> KadMessage.decode(new ProtoWriter().varint(1, 6).toByteArray()))
                .hasMessage("kad: expected a type from 0 to 5, found 6");
    }

    @Property(tries = 2000)
    void any_bytes_are_a_message_or_are_refused_with_bounded_memory(@ForAll byte[] bytes) throws Exception {
        Bounded.memory(() -> decode(bytes));
    }

    @Property(tries = 2000)
    void a_message_with_changed_bytes_is_refused_or_read_with_bounded_memory(@ForAll long seed) throws Exception {
        var random = new Random(seed);
        var bytes = KadMessage.of(Type.GET_PROVIDERS, new byte[] {9})
                .withRecord(new byte[] {1})
                .withCloser(List.of(contacts.next()))
                .withProviders(List.of(contacts.next()))
                .encode();
        for (int i = 0; i < 3; i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        Bounded.memory(() -> decode(bytes));
    }

    private static void decode(byte[] bytes) {
        try {
            KadMessage.decode(bytes);
        } catch (DecodeException expected) {
            assertThat(expected).hasMessageContaining("expected");
        }
    }
}
