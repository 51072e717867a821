package io.infergrid.libp2p.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.codec.Uvarint;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.record.PeerRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

class IdentifyTest {

    private static final PrivateKey KEY = PrivateKey.fromSeed(new byte[32]);
    private static final PeerInfo INFO = new PeerInfo(
            "ipfs/0.1.0",
            "agent/1",
            List.of("/a/1", "/b/1"),
            List.of(Multiaddr.parse("/ip4/10.0.0.1/tcp/4001"), Multiaddr.parse("/ip6/::1/tcp/4001")),
            Optional.of(Multiaddr.parse("/ip4/203.0.113.7/tcp/50000")),
            Optional.of(PeerRecord.seal(KEY, 7, List.of(Multiaddr.parse("/ip4/10.0.0.1/tcp/4001")))));

    private static PeerInfo read(byte[] bytes) throws IOException {
        return Identify.read(new ByteArrayInputStream(bytes), KEY.peerId());
    }

    private static byte[] framed(byte[]... messages) {
        var out = new ByteArrayOutputStream();
        for (var message : messages) {
            Uvarint.write(out, message.length);
            out.writeBytes(message);
        }
        return out.toByteArray();
    }

    @Example
    void what_is_written_is_read() throws IOException {
        assertThat(read(Identify.encode(KEY.publicKey(), INFO))).isEqualTo(INFO);
    }

    @Example
    void several_messages_add_up() throws IOException {
        var info = read(framed(
                new ProtoWriter().text(6, "agent/2").text(3, "/a/1").toByteArray(),
                new ProtoWriter().text(3, "/b/1").toByteArray()));
        assertThat(info.agent()).isEqualTo("agent/2");
        assertThat(info.protocols()).containsExactly("/a/1", "/b/1");
    }

    @Example
    void an_address_of_an_unknown_kind_is_left_out() throws IOException {
        var quic = new byte[] {4, 1, 2, 3, 4, (byte) 0x91, 2, 0x0f, (byte) 0xa1, (byte) 0xcc, 3
        }; // the draft of QUIC, code 460
        var known = Multiaddr.parse("/ip4/1.2.3.4/tcp/1");
        var info = read(
                framed(new ProtoWriter().bytes(2, quic).bytes(2, known.bytes()).toByteArray()));
        assertThat(info.addresses()).containsExactly(known);
    }

    @Example
    void the_key_of_another_is_refused() {
        var other = PrivateKey.generate().publicKey().encode();
        assertThatThrownBy(() -> read(framed(new ProtoWriter().bytes(1, other).toByteArray())))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("expected the key of " + KEY.peerId());
    }

    @Example
    void too_much_is_refused_or_cut() throws IOException {
        assertThatThrownBy(() -> read(framed(new byte[9000])))
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("expected at most 8192 bytes, found 9000");
        var protocols = new ProtoWriter();
        for (int i = 0; i < 1001; i++) {
            protocols.text(3, "/" + i);
        }
        assertThatThrownBy(() -> read(framed(protocols.toByteArray()))).hasMessageContaining("at most 1000 protocols");
        var addresses = new ProtoWriter();
        for (int i = 0; i < 100; i++) {
            addresses.bytes(2, Multiaddr.parse("/ip4/1.2.3.4/tcp/" + i).bytes());
        }
        assertThat(read(framed(addresses.toByteArray())).addresses()).hasSize(32);
    }

    @Property
    void any_bytes_are_an_answer_or_a_declared_exception(@ForAll @Size(max = 200) byte[] bytes) throws Exception {
        try {
            Bounded.memory(() -> {
                assertThat(read(framed(bytes))).isNotNull();
                assertThat(read(bytes)).isNotNull();
            });
        } catch (DecodeException | EOFException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
