package io.infergrid.libp2p.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RelayMessagesTest {

    private static final PeerRef PEER = new PeerRef(PrivateKey.generate().peerId());
    private static final Multiaddr ADDRESS = Multiaddr.parse("/ip4/192.0.2.7/tcp/4001");

    @Test
    void every_message_comes_back_as_it_was() throws DecodeException {
        var limit = new CircuitLimit(Duration.ofMinutes(2), 1 << 17);
        var reservation = new Reservation(Instant.ofEpochSecond(1_900_000_000), List.of(ADDRESS), new byte[0]);
        assertThat(HopMessage.decode(new HopMessage.Reserve().encode())).isEqualTo(new HopMessage.Reserve());
        assertThat(HopMessage.decode(new HopMessage.Connect(PEER).encode())).isEqualTo(new HopMessage.Connect(PEER));
        assertThat(HopMessage.decode(
                        HopMessage.Answer.of(RelayStatus.NO_RESERVATION).encode()))
                .isEqualTo(HopMessage.Answer.of(RelayStatus.NO_RESERVATION));
        assertThat(HopMessage.decode(new HopMessage.Answer(RelayStatus.OK, Optional.of(reservation), limit).encode()))
                .usingRecursiveComparison()
                .isEqualTo(new HopMessage.Answer(RelayStatus.OK, Optional.of(reservation), limit));
        assertThat(StopMessage.decode(new StopMessage.Connect(PEER, limit).encode()))
                .isEqualTo(new StopMessage.Connect(PEER, limit));
        assertThat(StopMessage.decode(new StopMessage.Answer(RelayStatus.OK).encode()))
                .isEqualTo(new StopMessage.Answer(RelayStatus.OK));
    }

    @Test
    void a_message_without_its_peer_names_what_is_missing() {
        assertThatThrownBy(
                        () -> HopMessage.decode(new ProtoWriter().varint(1, 1).toByteArray()))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("found type 1 without them");
        assertThatThrownBy(
                        () -> StopMessage.decode(new ProtoWriter().varint(1, 0).toByteArray()))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("found type 0 without them");
    }

    @Test
    void more_addresses_than_a_relay_can_have_are_refused() {
        var reservation = new ProtoWriter().varint(1, 1_900_000_000);
        for (int i = 0; i < 33; i++) {
            reservation.bytes(2, ADDRESS.bytes());
        }
        assertThatThrownBy(() -> Reservation.decode(reservation.toByteArray()))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("at most 32 addresses");
    }

    @Property(tries = 300)
    void bytes_of_a_stranger_are_a_message_or_a_decode_exception(@ForAll @Size(max = 300) byte[] bytes)
            throws Exception {
        Bounded.memory(() -> decode(() -> HopMessage.decode(bytes)));
        Bounded.memory(() -> decode(() -> StopMessage.decode(bytes)));
        Bounded.memory(() -> decode(() -> Reservation.decode(bytes)));
        Bounded.memory(() -> decode(() -> CircuitLimit.decode(bytes)));
    }

    @Property(tries = 300)
    void a_spoilt_message_is_a_message_or_a_decode_exception(@ForAll int at, @ForAll byte value) throws Exception {
        var reservation = new Reservation(Instant.ofEpochSecond(1_900_000_000), List.of(ADDRESS), new byte[40]);
        var good =
                new HopMessage.Answer(RelayStatus.OK, Optional.of(reservation), RelayLimits.DEFAULT.circuit()).encode();
        good[Math.floorMod(at, good.length)] = value;
        Bounded.memory(() -> decode(() -> HopMessage.decode(good)));
    }

    private interface Decoding {
        Object run() throws DecodeException;
    }

    private static void decode(Decoding decoding) {
        try {
            assertThat(decoding.run()).isNotNull();
        } catch (DecodeException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }
}
