package io.infergrid.libp2p.netns;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.libp2p.interop.JsPeer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * AutoNAT v2 and DCUtR with js-libp2p, in a namespace whose loopback interface has addresses that both take for the internet's, since
 * js does neither on private ones.
 */
@Timeout(240)
class PublicInteropTest {

    private static NetworkLab lab(int addresses) throws IOException {
        var lab = NetworkLab.open();
        var line = new StringBuilder();
        for (int i = 1; i <= addresses; i++) {
            line.append("ip addr add 11.0.0.").append(i).append("/32 dev lo; ");
        }
        lab.in(lab.namespace("all"), line.toString());
        return lab;
    }

    private static String namespace(NetworkLab lab) {
        return lab.namespaces().getFirst();
    }

    private static JsPeer js(NetworkLab lab, String... flags) throws IOException {
        var all = new ArrayList<>(List.of("--kad", "off", "--no-gossip"));
        all.addAll(List.of(flags));
        return lab.kept(JsPeer.startIn(NetworkLab.inside(namespace(lab)), all));
    }

    private static LabPeer java(NetworkLab lab, String... options) throws IOException {
        return LabPeer.start(lab, namespace(lab), options);
    }

    @Test
    void java_and_js_tell_each_other_that_they_are_reached_and_java_pays_for_another_address() throws Exception {
        try (var lab = lab(3)) {
            var js = js(lab, "--host", "11.0.0.1", "--port", "4001", "--autonat2");
            var java = java(lab, "listen=/ip4/11.0.0.2/tcp/4001", "listen=/ip4/11.0.0.3/tcp/4001");
            java.tell("connect " + js.addresses().getFirst());
            assertThat(java.until("state", s -> s.startsWith("ok PUBLIC"))).contains("Others reach this rig directly");
            // one of the two addresses is not that of the connection, so js asked for 30 to 100 kB before it dialled
            java.until("open", a -> a.contains("/ip4/11.0.0.2/tcp/4001") && a.contains("/ip4/11.0.0.3/tcp/4001"));

            var known = "/ip4/11.0.0.1/tcp/4001";
            await(js, "info", r -> r.get("addrs").toString().contains(known)); // js announces what Java confirmed
            var dialled = new ArrayList<String>();
            while (dialled.stream().allMatch(java.peerId().toString()::equals)) {
                var event = js.event("connection-open");
                if (event.get("direction").asText().equals("inbound")) {
                    dialled.add(event.get("peer").asText()); // once by an identity of its own
                }
            }
        }
    }

    @Test
    void connections_between_java_and_js_over_a_relay_turn_direct() throws Exception {
        try (var lab = lab(5)) {
            var relay = java(lab, "listen=/ip4/11.0.0.1/tcp/4001", "relay=always");
            var bootstrap = relay.address().toString();

            // js was dialled, so js leads: it dials the public address that Java has
            var js = js(lab, "--host", "11.0.0.2", "--port", "4001", "--dcutr");
            var over = circuit(js.tell("reserve", Map.of("addr", bootstrap)));
            var java = java(lab, "listen=/ip4/11.0.0.3/tcp/4001", "bootstrap=" + bootstrap, "slots=1");
            assertThat(java.tell("connect " + over)).isEqualTo("relayed");
            java.until("way " + js.peerId(), w -> w.startsWith("ok direct"));
            assertThat(java.tell("echo " + js.peerId() + " 300000")).isEqualTo("direct");

            // Java was dialled, so Java leads; what js announces answers nobody, so both exchange addresses and dial
            // together
            var caller =
                    js(lab, "--host", "11.0.0.4", "--port", "4001", "--dcutr", "--announce", "/ip4/11.0.0.4/tcp/4001");
            var hidden =
                    java(lab, "listen=/ip4/11.0.0.5/tcp/4001", "announce=/ip4/11.0.0.5/tcp/9", "slot=" + bootstrap);
            var address = circuit(hidden.until("addresses", a -> a.contains("/p2p-circuit/")));
            assertThat(caller.tell("dial", Map.of("addr", address))
                            .get("limited")
                            .asBoolean())
                    .isTrue();
            hidden.until("way " + caller.peerId(), w -> w.startsWith("ok direct"));
            assertThat(caller.tell("echo", Map.of("peer", hidden.peerId().toString(), "bytes", 300_000))
                            .get("same")
                            .asBoolean())
                    .isTrue();
        }
    }

    private static String circuit(JsonNode reply) {
        for (var address : reply.get("addrs")) {
            if (address.asText().contains("/p2p-circuit")) {
                return address.asText();
            }
        }
        throw new AssertionError("no address over a relay in " + reply);
    }

    private static String circuit(String answer) {
        for (var address : answer.split(" ")) {
            if (address.contains("/p2p-circuit")) {
                return address;
            }
        }
        throw new AssertionError("no address over a relay in " + answer);
    }

    private static void await(JsPeer js, String command, Predicate<JsonNode> wanted)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(45);
        while (!wanted.test(js.tell(command, Map.of()))) {
            assertThat(System.nanoTime()).as(command).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }
}
