package io.infergrid.libp2p;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.identity.PublicKey;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

/** Peer ids and multiaddrs. */
class AddressTest {

    private static final HexFormat HEX = HexFormat.of();

    // the Ed25519 vector of the libp2p specs, peer-ids
    private static final String PRIVATE = "08011240"
            + "7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d"
            + "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
    private static final String PUBLIC = "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";

    @Example
    void the_keys_of_the_specification() throws IOException {
        var key = PrivateKey.decode(HEX.parseHex(PRIVATE));
        assertThat(HEX.formatHex(key.publicKey().encode())).isEqualTo(PUBLIC);
        assertThat(HEX.formatHex(key.encode())).isEqualTo(PRIVATE);
        assertThat(HEX.formatHex(key.peerId().bytes())).isEqualTo("0024" + PUBLIC);
        assertThat(key.peerId())
                .isEqualTo(PublicKey.decode(HEX.parseHex(PUBLIC)).peerId());
    }

    @Example
    void peer_ids_of_the_specification_are_read_and_written() {
        for (var text : List.of(
                "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA",
                "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
                "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC")) {
            assertThat(PeerId.parse(text)).hasToString(text);
        }
    }

    @Example
    void the_key_of_a_long_kind_is_named_by_its_sha_256() throws IOException, GeneralSecurityException {
        var pair = KeyPairGenerator.getInstance("RSA");
        pair.initialize(2048);
        var rsa = PublicKey.decode(new ProtoWriter()
                .varint(1, 0)
                .bytes(2, pair.generateKeyPair().getPublic().getEncoded())
                .toByteArray());
        assertThat(HEX.formatHex(rsa.peerId().bytes())).startsWith("1220");
        assertThat(rsa.peerId().toString()).startsWith("Qm");
    }

    @Example
    void another_form_of_the_same_key_is_refused() {
        var key = HEX.parseHex(PUBLIC.substring(8));
        var swapped = new ProtoWriter().bytes(2, key).varint(1, 1).toByteArray();
        var extended = new ProtoWriter().varint(1, 1).bytes(2, key).varint(3, 1).toByteArray();
        var shorter = new ProtoWriter().varint(1, 1).bytes(2, new byte[31]).toByteArray();
        assertThatThrownBy(() -> PublicKey.decode(swapped)).hasMessageContaining("canonical");
        assertThatThrownBy(() -> PublicKey.decode(extended)).hasMessageContaining("canonical");
        assertThatThrownBy(() -> PublicKey.decode(shorter)).hasMessageContaining("expected 32 bytes, found 31");
    }

    @Example
    void text_that_is_no_peer_id_is_refused() {
        for (var bad : List.of("", "1", "12D3KooW", "0OIl", "2NEpo7TZRRrLZSi2U", "1".repeat(200))) {
            assertThatThrownBy(() -> PeerId.parse(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("peer id: ");
        }
    }

    @Property
    void any_bytes_are_a_peer_id_or_a_decode_exception(@ForAll @Size(max = 60) byte[] bytes) throws Exception {
        try {
            Bounded.memory(() -> {
                assertThat(PeerId.decode(bytes).bytes()).isEqualTo(bytes);
            });
        } catch (DecodeException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }

    @Example
    void addresses_are_read_and_written() throws IOException {
        var expected = List.of(
                List.of("/ip4/127.0.0.1/udp/1234", "047f000001910204d2"),
                List.of("/ip4/127.0.0.1/tcp/4321", "047f0000010610e1"),
                List.of("/ip6/2001:db8::1/tcp/0", "2920010db8000000000000000000000001060000"),
                List.of("/dns4/example.com/tcp/443", "360b6578616d706c652e636f6d0601bb"));
        for (var pair : expected) {
            var address = Multiaddr.parse(pair.get(0));
            assertThat(address).hasToString(pair.get(0));
            assertThat(HEX.formatHex(address.bytes())).isEqualTo(pair.get(1));
            assertThat(Multiaddr.decode(address.bytes())).isEqualTo(address);
        }
    }

    @Example
    void ip6_has_one_text_form() {
        assertThat(Multiaddr.parse("/ip6/0:0:0:0:0:0:0:1/tcp/1")).hasToString("/ip6/::1/tcp/1");
        assertThat(Multiaddr.parse("/ip6/::/tcp/1")).hasToString("/ip6/::/tcp/1");
        assertThat(Multiaddr.parse("/ip6/FE80:0:0:1:0:0:0:A/tcp/1")).hasToString("/ip6/fe80:0:0:1::a/tcp/1");
        assertThat(Multiaddr.parse("/ip6/1:0:2:0:0:3:0:0/tcp/1")).hasToString("/ip6/1:0:2::3:0:0/tcp/1");
        assertThat(Multiaddr.parse("/ip6/::ffff:1.2.3.4/tcp/1")).hasToString("/ip6/::ffff:102:304/tcp/1");
        assertThat(Multiaddr.parse("/ip6/1:2:3:4:5:6:7:0/tcp/1")).hasToString("/ip6/1:2:3:4:5:6:7:0/tcp/1");
    }

    @Example
    void the_peer_at_the_end_comes_and_goes() {
        var peer = PeerId.parse("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA");
        var plain = Multiaddr.parse("/ip4/10.0.0.1/tcp/4001");
        var full = plain.withPeer(peer);
        assertThat(full).hasToString("/ip4/10.0.0.1/tcp/4001/p2p/" + peer);
        assertThat(Multiaddr.parse("/ip4/10.0.0.1/tcp/4001/ipfs/" + peer)).isEqualTo(full);
        assertThat(full.peer()).contains(peer);
        assertThat(plain.peer()).isEmpty();
        assertThat(full.withoutPeer()).isEqualTo(plain);
        assertThat(full.withPeer(peer)).isEqualTo(full);
        assertThat(Multiaddr.tcp(new InetSocketAddress("10.0.0.1", 4001))).isEqualTo(plain);
    }

    @Example
    void text_that_is_no_address_is_refused_in_one_line() {
        for (var bad : List.of(
                "",
                "/",
                "ip4/1.2.3.4",
                "/ip4",
                "/ip4/1.2.3.4/tcp",
                "/ip4/1.2.3/tcp/1",
                "/ip4/1.2.3.256/tcp/1",
                "/ip4/01.2.3.4/tcp/1",
                "/ip4/1.2.3.4/tcp/65536",
                "/ip4/1.2.3.4/tcp/-1",
                "/ip4/1.2.3.4/tcp/01",
                "/ip6/1.2.3.4/tcp/1",
                "/ip6/::1%eth0/tcp/1",
                "/dns/a b/tcp/1",
                "/dns//tcp/1",
                "/smoke/signal",
                "/p2p/nobody",
                "/ip4/1.2.3.4".repeat(20),
                "x".repeat(5000))) {
            assertThatThrownBy(() -> Multiaddr.parse(bad))
                    .as(bad)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected")
                    .satisfies(
                            e -> assertThat(e.getMessage()).hasSizeLessThan(300).doesNotContain("\n"));
        }
    }

    @Property
    void an_address_comes_back_in_both_forms(@ForAll("addresses") String text) throws IOException {
        var address = Multiaddr.parse(text);
        assertThat(Multiaddr.parse(address.toString())).isEqualTo(address);
        assertThat(Multiaddr.decode(address.bytes())).isEqualTo(address).hasToString(address.toString());
    }

    @Provide
    Arbitrary<String> addresses() {
        var octets = Arbitraries.integers().between(0, 255);
        var ip4 = Combinators.combine(octets, octets, octets, octets)
                .as((a, b, c, d) -> "/ip4/" + a + "." + b + "." + c + "." + d);
        var group = Arbitraries.oneOf(
                Arbitraries.just("0"), Arbitraries.integers().between(0, 0xffff).map(Integer::toHexString));
        var ip6 = group.list().ofSize(8).map(g -> "/ip6/" + String.join(":", g));
        var dns = Arbitraries.strings()
                .withCharRange('a', 'z')
                .ofMinLength(1)
                .ofMaxLength(40)
                .map(n -> "/dns/" + n);
        var port = Arbitraries.integers().between(0, 65535);
        var transport = Arbitraries.of("tcp", "udp");
        return Combinators.combine(Arbitraries.oneOf(ip4, ip6, dns), transport, port)
                .as((host, kind, number) -> host + "/" + kind + "/" + number);
    }

    @Property
    void any_bytes_are_an_address_or_a_decode_exception(@ForAll @Size(max = 80) byte[] bytes) throws Exception {
        try {
            Bounded.memory(() -> {
                var address = Multiaddr.decode(bytes);
                assertThat(Multiaddr.parse(address.toString())).isEqualTo(address);
            });
        } catch (DecodeException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }

    @Property
    void any_text_is_an_address_or_an_illegal_argument(@ForAll @Size(max = 80) String text) throws Exception {
        try {
            Bounded.memory(() -> {
                assertThat(Multiaddr.parse("/" + text).components()).isNotEmpty();
            });
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }
}
