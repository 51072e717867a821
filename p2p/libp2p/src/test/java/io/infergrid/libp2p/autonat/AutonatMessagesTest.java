package io.infergrid.libp2p.autonat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class AutonatMessagesTest {

    private static final Multiaddr ADDRESS = Multiaddr.parse("/ip4/192.0.2.7/tcp/4001");
    private static final Instant NOW = Instant.ofEpochSecond(1_000_000);

    @Test
    void every_message_comes_back_as_it_was() throws DecodeException {
        for (var message : List.of(
                new AutonatMessage.DialRequest(List.of(Optional.of(ADDRESS)), 0x8123_4567_89ab_cdefL),
                new AutonatMessage.DialResponse(200, 3, 101),
                new AutonatMessage.DialDataRequest(2, 60_000),
                new AutonatMessage.DialDataResponse(4000))) {
            assertThat(AutonatMessage.decode(message.encode())).isEqualTo(message);
        }
        assertThat(DialBack.decode(new DialBack(-7).encode())).isEqualTo(new DialBack(-7));
        DialBack.expectOk(DialBack.ok());
        DialBack.expectOk(new byte[0]);
    }

    @Test
    void addresses_of_kinds_unknown_here_keep_their_place() throws DecodeException {
        var inner = new ProtoWriter()
                .bytes(1, new byte[] {(byte) 0xcc, 0x03})
                .bytes(1, ADDRESS.bytes())
                .toByteArray();
        var message = new ProtoWriter().bytes(1, inner).toByteArray();
        assertThat(AutonatMessage.decode(message))
                .isEqualTo(new AutonatMessage.DialRequest(List.of(Optional.empty(), Optional.of(ADDRESS)), 0));
    }

    @Test
    void the_fifty_first_address_is_refused() {
        var request = new AutonatMessage.DialRequest(Collections.nCopies(51, Optional.of(ADDRESS)), 1);
        assertThatThrownBy(() -> AutonatMessage.decode(request.encode()))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("at most 50 addresses");
    }

    @Test
    void a_peer_asks_one_thing_at_a_time_and_twelve_a_minute() {
        var rates = new RequestRates(AutonatLimits.DEFAULT);
        var peer = PrivateKey.generate().peerId();
        for (int i = 0; i < 12; i++) {
            assertThat(rates.begin(peer, NOW.plusSeconds(i))).isTrue();
            assertThat(rates.begin(peer, NOW.plusSeconds(i))).isFalse();
            rates.done(peer);
        }
        assertThat(rates.begin(peer, NOW.plusSeconds(30))).isFalse();
        assertThat(rates.begin(PrivateKey.generate().peerId(), NOW.plusSeconds(30)))
                .isTrue();
        assertThat(rates.begin(peer, NOW.plusSeconds(61))).isTrue();
    }

    @Test
    void sixty_requests_and_twelve_with_data_are_served_a_minute() {
        var rates = new RequestRates(AutonatLimits.DEFAULT);
        for (int i = 0; i < 60; i++) {
            assertThat(rates.begin(PrivateKey.generate().peerId(), NOW)).isTrue();
        }
        assertThat(rates.begin(PrivateKey.generate().peerId(), NOW)).isFalse();
        for (int i = 0; i < 12; i++) {
            assertThat(rates.mayTakeData(NOW)).isTrue();
        }
        assertThat(rates.mayTakeData(NOW)).isFalse();
        assertThat(rates.mayTakeData(NOW.plusSeconds(61))).isTrue();
    }

    @Property(tries = 300)
    void bytes_of_a_stranger_are_a_message_or_a_decode_exception(@ForAll @Size(max = 300) byte[] bytes)
            throws Exception {
        Bounded.memory(() -> decode(() -> AutonatMessage.decode(bytes)));
        Bounded.memory(() -> decode(() -> DialBack.decode(bytes)));
        Bounded.memory(() -> decode(() -> {
            DialBack.expectOk(bytes);
            return "ok";
        }));
    }

    @Property(tries = 300)
    void a_spoilt_request_is_a_message_or_a_decode_exception(@ForAll int at, @ForAll byte value) throws Exception {
        var good = new AutonatMessage.DialRequest(List.of(Optional.of(ADDRESS), Optional.of(ADDRESS)), 77).encode();
        good[Math.floorMod(at, good.length)] = value;
        Bounded.memory(() -> decode(() -> AutonatMessage.decode(good)));
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
