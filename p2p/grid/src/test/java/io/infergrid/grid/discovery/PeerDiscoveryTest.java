package io.infergrid.grid.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.infergrid.grid.Hash;
import io.infergrid.grid.exchange.ProviderDirectory;
import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.mdns.Mdns;
import java.io.IOException;
import java.net.DatagramSocket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PeerDiscoveryTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();

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

    private PeerDiscovery discovery(Host host, PeerDiscovery.Settings settings) {
        var discovery = PeerDiscovery.start(
                host, settings, folder.resolve(host.peerId().toString()), Clock.systemUTC(), new Random());
        open.add(discovery);
        return discovery;
    }

    private PeerDiscovery inTheDht(List<Multiaddr> bootstrap) throws IOException {
        return discovery(host(), PeerDiscovery.Settings.usual(bootstrap).withoutMdns());
    }

    @Test
    void a_provider_of_a_shard_is_found_over_a_node_that_both_know() throws Exception {
        var first = host();
        discovery(first, PeerDiscovery.Settings.usual(List.of()).withoutMdns());
        var shard = Hash.of(Hash.sha256().digest(new byte[] {1}));
        var provider = inTheDht(first.addresses());
        provider.providers().provide(shard);
        var looking = inTheDht(first.addresses());
        var found = List.<ProviderDirectory.Provider>of();
        while (found.isEmpty()) { // publishing goes on in the background
            found = looking.providers().find(shard, 4, LIMIT);
        }
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().addresses()).isNotEmpty();
        assertThat(looking.providers().find(Hash.of(new byte[32]), 4, LIMIT)).isEmpty();
    }

    @Test
    void without_a_dht_nobody_is_known() throws Exception {
        var alone = discovery(host(), PeerDiscovery.Settings.none());
        alone.providers().provide(Hash.of(new byte[32]));
        assertThat(alone.providers().find(Hash.of(new byte[32]), 4, LIMIT)).isEmpty();
        assertThat(alone.dht()).isEmpty();
    }

    @Test
    void nodes_on_one_network_connect_to_each_other() throws Exception {
        var service = Mdns.Settings.usual().withPort(freePort()).withTag("_grid-test._udp.local");
        var one = host();
        var other = host();
        try {
            Mdns.start(one, service, Clock.systemUTC(), new Random(), (_, _) -> {})
                    .close();
        } catch (IOException e) {
            assumeTrue(false, "skipped: " + e.getMessage());
        }
        var connected = new LinkedBlockingQueue<PeerId>();
        one.addListener(new HostListener() {
            @Override
            public void connected(Connection connection) {
                connected.add(connection.remote());
            }
        });
        discovery(one, new PeerDiscovery.Settings(Optional.of(service), Optional.empty()));
        discovery(other, new PeerDiscovery.Settings(Optional.of(service), Optional.empty()));
        assertThat(connected.poll(30, TimeUnit.SECONDS)).isEqualTo(other.peerId());
    }

    private static int freePort() throws IOException {
        try (var socket = new DatagramSocket()) {
            return socket.getLocalPort();
        }
    }
}
