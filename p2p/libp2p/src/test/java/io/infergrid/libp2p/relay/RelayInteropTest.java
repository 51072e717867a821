package io.infergrid.libp2p.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.interop.JsPeer;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Relays of one implementation with peers of the other at both ends, or at one. */
@Timeout(120)
class RelayInteropTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String ECHO = "/echo/1.0.0";

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (var each : open.reversed()) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T kept(T one) {
        open.add(one);
        return one;
    }

    private Swarm host() throws IOException {
        var host = kept(new HostBuilder().start());
        host.handle(
                ECHO,
                HandlerOptions.atMost(8).alsoRelayed(),
                (_, stream) -> stream.in().transferTo(stream.out()));
        return host;
    }

    private RelayClient client(Swarm host) {
        return new RelayClient(host, Clock.systemUTC()).start();
    }

    private Swarm relay(RelayLimits limits) throws IOException {
        var key = PrivateKey.generate();
        var relay = kept(
                new HostBuilder().identity(key).listen("/ip4/127.0.0.1/tcp/0").start());
        kept(new RelayServer(relay, limits, Clock.systemUTC()).start());
        return relay;
    }

    private static boolean echoes(Swarm from, PeerId to, int size) throws IOException {
        var sent = new byte[size];
        new Random(size).nextBytes(sent);
        try (var stream = from.connection(to).orElseThrow().open(LIMIT, List.of(ECHO))) {
            stream.timeout(LIMIT);
            stream.out().write(sent);
            stream.closeWrite();
            return Arrays.equals(sent, stream.in().readAllBytes());
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

    @Test
    void a_js_relay_joins_two_java_peers_within_its_limits() throws IOException {
        var js = kept(JsPeer.start("--relay-server"));
        var hidden = host();
        var slot = client(hidden).reserve(js.peerId(), js.addresses(), LIMIT);
        assertThat(slot.limit().bytes())
                .isEqualTo(1 << 17); // js writes the duration in milliseconds, against the specification
        assertThat(js.tell("reservations", Map.of()).get("reservations")).hasSize(1);

        var caller = host();
        client(caller);
        var connection = caller.connect(hidden.peerId(), hidden.addresses(), LIMIT);
        assertThat(connection.relayed()).isTrue();
        assertThat(echoes(caller, hidden.peerId(), 30_000)).isTrue();
        assertThat(caller.ping(hidden.peerId(), LIMIT)).isPositive();
        assertThatThrownBy(() -> echoes(caller, hidden.peerId(), 300_000)).isInstanceOf(IOException.class);
    }

    @Test
    void a_java_relay_joins_two_js_peers_within_its_limits() throws IOException {
        var relay = relay(RelayLimits.DEFAULT);
        var hidden = kept(JsPeer.start("--no-listen"));
        var reply = hidden.tell(
                "reserve", Map.of("addr", relay.addresses().getFirst().toString()));
        var address = circuit(reply);
        assertThat(address).isEqualTo(relay.addresses().getFirst() + "/p2p-circuit/p2p/" + hidden.peerId());

        var caller = kept(JsPeer.start());
        var dialled = caller.tell("dial", Map.of("addr", address));
        assertThat(dialled.get("limited").asBoolean()).isTrue();
        assertThat(caller.tell("echo", Map.of("addr", address, "bytes", 30_000))
                        .get("same")
                        .asBoolean())
                .isTrue();
        caller.tell("ping", Map.of("addr", address));
        var over = caller.ask("echo", Map.of("addr", address, "bytes", 300_000, "timeoutMs", 2000));
        assertThat(over.get("ok").asBoolean()).isFalse();
    }

    @Test
    void java_and_js_reach_each_other_over_a_relay() throws IOException {
        var relay = relay(RelayLimits.DEFAULT);
        var js = kept(JsPeer.start("--no-listen"));
        var jsAddress = circuit(
                js.tell("reserve", Map.of("addr", relay.addresses().getFirst().toString())));
        var java = host();
        client(java).reserve(relay.peerId(), relay.addresses(), LIMIT);

        java.connect(js.peerId(), List.of(Multiaddr.parse(jsAddress)), LIMIT);
        assertThat(echoes(java, js.peerId(), 20_000)).isTrue();
        java.connection(js.peerId()).orElseThrow().close();

        var javaAddress = java.addresses().getFirst().toString();
        assertThat(js.tell("echo", Map.of("addr", javaAddress, "bytes", 20_000))
                        .get("same")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void a_full_relay_refuses_java_as_js_and_js_as_java() throws IOException {
        var full = kept(JsPeer.start("--relay-server", "--relay-max-reservations", "1"));
        client(host()).reserve(full.peerId(), full.addresses(), LIMIT);
        var late = client(host());
        assertThatThrownBy(() -> late.reserve(full.peerId(), full.addresses(), LIMIT))
                .hasMessageContaining("found RESERVATION_REFUSED");

        var relay = relay(RelayLimits.DEFAULT.withReservations(0, 0, 0));
        var refused =
                full.ask("reserve", Map.of("addr", relay.addresses().getFirst().toString(), "timeoutMs", 2000));
        assertThat(refused.get("ok").asBoolean()).isFalse();
    }
}
