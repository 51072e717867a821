package io.infergrid.libp2p.mdns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class DiscoveryTest {

    private static final String TAG = "_p2p._udp.local";
    private static final InetAddress NEIGHBOUR = InetAddress.ofLiteral("192.168.1.9");
    private static final PeerId SELF = PrivateKey.generate().peerId();
    private static final PeerId OTHER = PrivateKey.generate().peerId();

    private Instant now = Instant.EPOCH;
    private final Discovery ours = new Discovery(TAG, "ours", SELF, 10, () -> now);
    private final Discovery theirs = new Discovery(TAG, "theirs", OTHER, 10, () -> now);

    private static List<Multiaddr> at(String... addresses) {
        return Arrays.stream(addresses).map(Multiaddr::parse).toList();
    }

    private byte[] theirAnswer(String... addresses) throws Exception {
        return theirs.take(ours.query().encode(0), NEIGHBOUR, false, "lan", at(addresses))
                .answer()
                .orElseThrow()
                .encode(Discovery.SECONDS);
    }

    private Discovery.Outcome hear(byte[] packet) throws Exception {
        return ours.take(packet, NEIGHBOUR, false, "lan", List.of());
    }

    private static byte[] answer(String name, String... texts) {
        var records = new ArrayList<DnsMessage.Record>();
        records.add(new DnsMessage.Ptr(TAG, name + "." + TAG));
        for (var text : texts) {
            records.add(new DnsMessage.Txt(name + "." + TAG, List.of(text)));
        }
        return new DnsMessage(true, List.of(), records).encode(120);
    }

    @Test
    void who_asks_is_told_addresses_of_this_network_and_finds_us() throws Exception {
        var packet = theirAnswer("/ip4/203.0.113.5/tcp/1", "/ip4/192.168.1.5/tcp/1", "/ip4/127.0.0.1/tcp/1");
        assertThat(hear(packet).found()).contains(new Discovery.Found(OTHER, at("/ip4/192.168.1.5/tcp/1")));
    }

    @Test
    void a_host_that_listens_on_loopback_only_says_that() throws Exception {
        var packet = theirAnswer("/ip4/127.0.0.1/tcp/1");
        assertThat(hear(packet).found()).as("another machine's loopback").isEmpty();
        assertThat(ours.take(packet, InetAddress.getLoopbackAddress(), true, "lan", List.of())
                        .found())
                .contains(new Discovery.Found(OTHER, at("/ip4/127.0.0.1/tcp/1")));
    }

    @Test
    void a_host_with_public_addresses_only_says_nothing() throws Exception {
        var outcome = theirs.take(ours.query().encode(0), NEIGHBOUR, false, "lan", at("/ip4/203.0.113.5/tcp/1"));
        assertThat(outcome.answer()).isEmpty();
    }

    @Test
    void public_addresses_names_and_other_texts_are_not_believed() throws Exception {
        assertThat(hear(answer(
                                "x",
                                "dnsaddr=/ip4/203.0.113.5/tcp/1/p2p/" + OTHER,
                                "dnsaddr=/dns4/example.org/tcp/1/p2p/" + OTHER,
                                "dnsaddr=/ip4/192.168.1.5/tcp/1",
                                "dnsaddr=nonsense",
                                "else=/ip4/192.168.1.6/tcp/1/p2p/" + OTHER))
                        .found())
                .isEmpty();
    }

    @Test
    void a_sender_from_elsewhere_is_refused() {
        var packet = answer("x", "dnsaddr=/ip4/192.168.1.5/tcp/1/p2p/" + OTHER);
        assertThatThrownBy(() -> ours.take(packet, InetAddress.ofLiteral("203.0.113.1"), false, "lan", List.of()))
                .hasMessage("mdns: expected a sender of this network, found 203.0.113.1");
    }

    @Test
    void an_answer_with_two_peers_is_refused() {
        var packet = answer(
                "x",
                "dnsaddr=/ip4/192.168.1.5/tcp/1/p2p/" + OTHER,
                "dnsaddr=/ip4/192.168.1.5/tcp/1/p2p/" + PrivateKey.generate().peerId());
        assertThatThrownBy(() -> hear(packet)).hasMessageStartingWith("mdns: expected one peer in an answer");
    }

    @Test
    void we_are_not_found_by_ourselves_and_not_under_another_tag() throws Exception {
        assertThat(hear(answer("ours", "dnsaddr=/ip4/192.168.1.5/tcp/1/p2p/" + OTHER))
                        .found())
                .as("our own name")
                .isEmpty();
        assertThat(hear(answer("x", "dnsaddr=/ip4/192.168.1.5/tcp/1/p2p/" + SELF))
                        .found())
                .as("our own id")
                .isEmpty();
        var other = new Discovery(Mdns.privateTag(new byte[16]), "x", OTHER, 10, () -> now);
        assertThat(hear(other.query().encode(0)).answer()).isEmpty();
        assertThat(Mdns.privateTag(new byte[16])).isEqualTo("_p2p-" + "00".repeat(16) + "._udp.local");
    }

    @Test
    void an_answer_goes_out_once_a_second_and_the_same_peer_is_news_once_a_minute() throws Exception {
        var first = theirAnswer("/ip4/192.168.1.5/tcp/1");
        var again = theirs.take(ours.query().encode(0), NEIGHBOUR, false, "lan", at("/ip4/192.168.1.5/tcp/1"));
        assertThat(again.answer()).isEmpty();
        assertThat(hear(first).found()).isPresent();
        assertThat(hear(first).found()).isEmpty();
        now = now.plusSeconds(1);
        assertThat(hear(theirAnswer("/ip4/192.168.1.6/tcp/1")).found())
                .as("moved")
                .isPresent();
        now = now.plus(Duration.ofMinutes(1));
        assertThat(hear(theirAnswer("/ip4/192.168.1.6/tcp/1")).found())
                .as("still there")
                .isPresent();
    }

    @Test
    void so_many_packets_a_second_are_looked_at() {
        for (int i = 0; i < 10; i++) {
            assertThat(ours.admits()).isTrue();
        }
        assertThat(ours.admits()).isFalse();
        now = now.plusSeconds(1);
        assertThat(ours.admits()).isTrue();
    }

    @Test
    void a_flood_of_peers_takes_bounded_memory() throws Exception {
        for (int i = 0; i < 1100; i++) {
            hear(answer(
                    "x" + i,
                    "dnsaddr=/ip4/192.168.1.5/tcp/1/p2p/"
                            + PrivateKey.generate().peerId()));
        }
        assertThat(ours.peers()).isEqualTo(1024);
    }

    @Property(tries = 1000)
    void a_text_of_any_kind_finds_nobody(@ForAll byte[] text) throws Exception {
        var some = new String(text, 0, Math.min(text.length, 200), StandardCharsets.ISO_8859_1);
        assertThat(hear(answer("x", "dnsaddr=" + some)).found()).isEmpty();
    }
}
