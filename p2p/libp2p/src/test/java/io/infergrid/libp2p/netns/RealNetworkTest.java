package io.infergrid.libp2p.netns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Peers as processes on hosts of their own: routers with NAT between them, addresses that change, networks that part. */
@Timeout(240)
class RealNetworkTest {

    private static final String KEEPS_PORTS = "masquerade";
    private static final String OTHER_PORT_FOR_EACH = "masquerade random,fully-random";

    private static String bootstrap(NetworkLab lab, String bridge) throws IOException {
        var open = lab.namespace("pub");
        lab.plug(bridge, "ppub", open, "eth0", "11.0.0.1/24");
        return open;
    }

    private static LabPeer rig(NetworkLab lab, String namespace, LabPeer relay) throws IOException {
        return LabPeer.start(lab, namespace, "listen=/ip4/0.0.0.0/tcp/4001", "bootstrap=" + relay.address());
    }

    private static String relayedAddress(LabPeer peer) throws IOException, InterruptedException {
        var all = peer.until("addresses", a -> a.contains("/p2p-circuit/"));
        for (var address : all.split(" ")) {
            if (address.contains("/p2p-circuit/")) {
                return address;
            }
        }
        throw new IOException("no address over a relay in " + all);
    }

    @Test
    void rigs_behind_different_routers_meet_over_a_relay_and_get_a_direct_link_that_survives_a_change_of_address()
            throws Exception {
        try (var lab = NetworkLab.open()) {
            var bridge = lab.bridge("br");
            var open = bootstrap(lab, bridge);
            var homeA = lab.home(bridge, "a", "11.0.0.11", "192.168.1", KEEPS_PORTS);
            var homeB = lab.home(bridge, "b", "11.0.0.12", "192.168.2", KEEPS_PORTS);
            var homeC = lab.home(bridge, "c", "11.0.0.13", "192.168.3", OTHER_PORT_FOR_EACH);
            var relay = LabPeer.start(lab, open, "listen=/ip4/11.0.0.1/tcp/4001");
            var a = rig(lab, homeA, relay);
            var b = rig(lab, homeB, relay);
            var c = rig(lab, homeC, relay);

            // one that the internet reaches finds out, and relays for those that find out that it does not reach them
            relay.until("state", s -> s.startsWith("ok PUBLIC"));
            assertThat(a.until("state", s -> s.startsWith("ok RELAYED")))
                    .contains("Others reach this rig through a relay; a direct link is tried with each peer.");
            var overRelay = relayedAddress(b);
            assertThat(overRelay).startsWith(relay.address() + "/p2p-circuit/p2p/" + b.peerId());

            // so the first answers the DHT's questions, and the others, whom nobody can ask, only ask
            relay.until("dht", d -> d.startsWith("ok SERVER"));
            assertThat(a.until("dht", d -> d.endsWith(" 1"))).isEqualTo("ok CLIENT 1");
            assertThat(b.tell("dht")).startsWith("CLIENT");

            // behind a router with another port for each destination no hole can be punched
            assertThat(a.tell("connect " + relayedAddress(c))).isEqualTo("relayed");
            assertThat(a.tell("echo " + c.peerId() + " 20000")).isEqualTo("relayed");

            assertThat(a.tell("connect " + overRelay)).isEqualTo("relayed");
            assertThat(a.until("way " + b.peerId(), w -> w.startsWith("ok direct")))
                    .contains("/ip4/11.0.0.12/tcp/");
            assertThat(b.until("way " + a.peerId(), w -> w.startsWith("ok direct")))
                    .contains("/ip4/11.0.0.11/tcp/");
            assertThat(a.tell("echo " + b.peerId() + " 1000000")).isEqualTo("direct"); // more than a relay lets through
            assertThat(b.tell("echo " + a.peerId() + " 1000000")).isEqualTo("direct");

            c.until("counters", n -> n.contains("HOLE_PUNCH_FAILED"));
            assertThat(a.tell("way " + c.peerId())).startsWith("relayed");

            // rig B moves within its home: another address, the same rig
            lab.in(homeB, "ip addr del 192.168.2.2/24 dev eth0");
            lab.in(homeB, "ip addr add 192.168.2.77/24 dev eth0");
            lab.in(homeB, "ip route replace default via 192.168.2.1");
            a.until("way " + b.peerId(), w -> w.startsWith("ok none"));
            b.until("way " + relay.peerId(), w -> w.startsWith("ok direct"));
            var again = relayedAddress(b);
            assertThat(a.until("connect " + again, w -> w.startsWith("ok"))).isNotNull();
            a.until("way " + b.peerId(), w -> w.startsWith("ok direct"));
            assertThat(a.tell("echo " + b.peerId() + " 1000000")).isEqualTo("direct");
        }
    }

    @Test
    void rigs_at_the_end_of_long_slow_lines_that_lose_packets_meet_and_talk_directly() throws Exception {
        try (var lab = NetworkLab.open()) {
            var bridge = lab.bridge("br");
            var open = bootstrap(lab, bridge);
            var far = new NetworkLab.Line(Duration.ofMillis(25), 100, 4_000_000);
            var near = new NetworkLab.Line(Duration.ofMillis(10), 100, 4_000_000);
            var homeA = lab.home(bridge, "a", "11.0.0.11", "192.168.1", KEEPS_PORTS, far);
            var homeB = lab.home(bridge, "b", "11.0.0.12", "192.168.2", KEEPS_PORTS, near);
            var relay = LabPeer.start(lab, open, "listen=/ip4/11.0.0.1/tcp/4001");
            var a = rig(lab, homeA, relay);
            var b = rig(lab, homeB, relay);
            a.until("state", s -> s.startsWith("ok RELAYED"));
            var overRelay = relayedAddress(b);
            assertThat(a.until("connect " + overRelay, answer -> answer.startsWith("ok")))
                    .isIn("ok relayed", "ok direct");
            a.until("way " + b.peerId(), w -> w.startsWith("ok direct"));
            b.until("way " + a.peerId(), w -> w.startsWith("ok direct"));
            // 35 ms one way: nothing is back sooner
            assertThat(Long.parseLong(a.tell("ping " + b.peerId()))).isGreaterThanOrEqualTo(70);
            // of 700 frames each way some seven are lost, and sent again
            assertThat(a.tell("echo " + b.peerId() + " 1000000")).isEqualTo("direct");
            assertThat(b.tell("echo " + a.peerId() + " 1000000")).isEqualTo("direct");
        }
    }

    @Test
    void a_network_that_parted_grows_together_again() throws Exception {
        try (var lab = NetworkLab.open()) {
            var bridge = lab.bridge("br");
            var peers = new LabPeer[3];
            for (int i = 0; i < peers.length; i++) {
                var host = lab.namespace("h" + i);
                lab.plug(bridge, "p" + i, host, "eth0", "11.0.0.2" + i + "/24");
                peers[i] = i == 0
                        ? LabPeer.start(lab, host, "listen=/ip4/11.0.0.20/tcp/4001")
                        : LabPeer.start(
                                lab, host, "listen=/ip4/11.0.0.2" + i + "/tcp/4001", "bootstrap=" + peers[0].address());
            }
            peers[1].until("way " + peers[0].peerId(), w -> w.startsWith("ok direct"));
            peers[2].tell("connect " + peers[1].address());

            lab.in(bridge, "ip link set p2 down"); // the third is alone
            peers[2].until("way " + peers[0].peerId(), w -> w.startsWith("ok none"));
            peers[0].until("way " + peers[2].peerId(), w -> w.startsWith("ok none"));
            peers[1].until("way " + peers[2].peerId(), w -> w.startsWith("ok none"));
            assertThat(peers[1].tell("echo " + peers[0].peerId() + " 100000")).isEqualTo("direct");

            lab.in(bridge, "ip link set p2 up");
            peers[0].until("way " + peers[2].peerId(), w -> w.startsWith("ok direct"));
            assertThat(peers[1].until("connect " + peers[2].address(), w -> w.startsWith("ok")))
                    .isEqualTo("ok direct");
            assertThat(peers[1].tell("echo " + peers[2].peerId() + " 100000")).isEqualTo("direct");
        }
    }
}
