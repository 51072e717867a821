package io.infergrid.libp2p.holepunch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class HolePunchMessageTest {

    private static final Multiaddr ADDRESS = Multiaddr.parse("/ip4/192.0.2.7/tcp/4001");

    @Test
    void every_message_comes_back_as_it_was() throws DecodeException {
        var connect = new HolePunchMessage.Connect(List.of(ADDRESS));
        assertThat(HolePunchMessage.decode(connect.encode())).isEqualTo(connect);
        var sync = new HolePunchMessage.Sync();
        assertThat(HolePunchMessage.decode(sync.encode())).isEqualTo(sync);
    }

    @Test
    void the_seventeenth_address_is_refused() {
        var message = new ProtoWriter().varint(1, HolePunchMessage.CONNECT);
        for (int i = 0; i < 17; i++) {
            message.bytes(2, ADDRESS.bytes());
        }
        assertThatThrownBy(() -> HolePunchMessage.decode(message.toByteArray()))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("at most 16 addresses");
    }

    @Property(tries = 300)
    void bytes_of_a_stranger_are_a_message_or_a_decode_exception(@ForAll @Size(max = 300) byte[] bytes)
            throws Exception {
        Bounded.memory(() -> decode(bytes));
    }

    @Property(tries = 300)
    void a_spoilt_message_is_a_message_or_a_decode_exception(@ForAll int at, @ForAll byte value) throws Exception {
        var good = new HolePunchMessage.Connect(List.of(ADDRESS, ADDRESS)).encode();
        good[Math.floorMod(at, good.length)] = value;
        Bounded.memory(() -> decode(good));
    }

    private static void decode(byte[] bytes) {
        try {
            assertThat(HolePunchMessage.decode(bytes)).isNotNull();
        } catch (DecodeException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }
}
