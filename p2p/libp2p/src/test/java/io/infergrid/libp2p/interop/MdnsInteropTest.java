package io.infergrid.libp2p.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.mdns.Mdns;
import java.io.IOException;
import java.net.DatagramSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On a port and under a tag of their own, so that nobody else on the network hears of it. */
@Timeout(120)
class MdnsInteropTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final List<AutoCloseable> open = new ArrayList<>();
    private final LinkedBlockingQueue<Multiaddr> found = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() throws Exception {
        for (var one : open.reversed()) {
            one.close();
        }
    }

    private Host host() throws IOException {
        var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        open.add(host);
        return host;
    }

    private static int freePort() throws IOException {
        try (var socket = new DatagramSocket()) {
            return socket.getLocalPort();
        }
    }

    /** Starts our side, or skips the test where there is no multicast. */
    private void start(Host host, int port, String tag) {
        try {
            open.add(Mdns.start(
                    host,
                    Mdns.Settings.usual().withPort(port).withTag(tag),
                    InstantSource.system(),
                    new Random(),
                    (peer, addresses) -> addresses.forEach(a -> found.add(a.withPeer(peer)))));
        } catch (IOException e) {
            assumeTrue(false, "skipped: " + e.getMessage());
        }
    }

    private PeerId awaitFound() throws InterruptedException {
        var address = found.poll(30, TimeUnit.SECONDS);
        assertThat(address).as("found over mDNS").isNotNull();
        return address.peer().orElseThrow();
    }

    @Test
    void js_finds_us_and_we_find_js() throws Exception {
        int port = freePort();
        var host = host();
        start(host, port, "_rig._udp.local");
        var js = JsPeer.start("--mdns", "--mdns-port", "" + port, "--mdns-tag", "_rig._udp.local");
        open.add(js);
        assertThat(js.event("peer-discovery").toString()).contains(host.peerId().toString());
        assertThat(awaitFound()).isEqualTo(js.peerId());
        host.connect(js.peerId(), js.addresses(), LIMIT);
    }

    @Test
    void we_find_each_other() throws Exception {
        int port = freePort();
        var one = host();
        var other = host();
        start(one, port, "_rig._udp.local");
        start(other, port, "_rig._udp.local");
        assertThat(List.of(awaitFound(), awaitFound())).containsExactlyInAnyOrder(one.peerId(), other.peerId());
    }
}
