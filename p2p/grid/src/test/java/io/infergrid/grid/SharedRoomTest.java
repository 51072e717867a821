package io.infergrid.grid;

import static io.infergrid.grid.TestGrid.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.discovery.PeerDiscovery;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.kad.Kademlia;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole nodes that share: what a live one deletes to make room, and what strangers find of each other by the DHT alone. */
@Timeout(120)
class SharedRoomTest {

    @TempDir
    Path folder;

    @Test
    void a_live_node_with_room_for_one_model_deletes_what_others_have_and_fetches_it_again_when_asked()
            throws Exception {
        Path one = TinyLlama.write(folder.resolve("one.gguf"), 16_384, false);
        Path two = TinyLlama.write(folder.resolve("two.gguf"), 12_288, false);
        long room = Files.size(one) + (1 << 20); // not for both
        assertThat(Files.size(two)).isGreaterThan(1 << 20);
        try (var grid = new TestGrid(folder)) {
            GridNode seeder = grid.node(Role.SEEDER);
            Hash first = seeder.seed(one, "");
            Hash second = seeder.seed(two, "");
            GridNode node = grid.node(
                    Role.SEEDER,
                    TestGrid.reference(),
                    c -> c.withSharing(GridNodeConfig.Sharing.DEFAULT.withRoom(room, false, 0)));
            grid.eventually(() -> node.snapshot().peers().size() == 2);
            for (Hash model : List.of(first, second, first)) {
                node.download(model, LIMIT);
                grid.eventually(() -> whole(node, model));
                assertThat(onDisk()).isLessThanOrEqualTo(room);
            }
            assertThat(whole(node, second)).isFalse();
            assertThat(node.metrics().value("shards.deleted")).isPositive();
            Path back = folder.resolve("back.gguf");
            node.export(first, back);
            assertThat(Files.mismatch(one, back)).isEqualTo(-1);
        }
    }

    private static boolean whole(GridNode node, Hash model) {
        return node.snapshot().models().stream()
                .anyMatch(held -> held.root().equals(model) && held.shardsHere() == held.shards());
    }

    private long onDisk() throws IOException {
        try (var files = Files.walk(folder.resolve("node1"))) {
            return files.filter(file -> file.toString().contains(".shard"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    /** A node that knows nobody but a node of the DHT, which is no node of the grid. */
    private final class Stranger implements AutoCloseable {
        private final PeerDiscovery discovery;
        private final GridNode node;

        Stranger(String name, List<Multiaddr> dht) throws IOException {
            Host host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
            discovery = PeerDiscovery.start(
                    host,
                    PeerDiscovery.Settings.usual(dht).withoutMdns(),
                    folder.resolve(name),
                    Clock.systemUTC(),
                    new Random(1));
            node = GridNode.start(
                    GridNodeConfig.defaults(folder.resolve(name).resolve("shards"), Set.of(Role.SEEDER), List.of())
                            .withProviders(discovery.providers()),
                    host,
                    TestGrid.reference(),
                    Clock.systemUTC(),
                    new Random(2),
                    new GridListener() {});
        }

        @Override
        public void close() {
            discovery.close();
            node.close();
        }
    }

    @Test
    void a_model_travels_between_strangers_that_only_the_dht_brings_together() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"), 4096, false);
        try (var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
                var dht = PeerDiscovery.start(
                        host,
                        PeerDiscovery.Settings.usual(List.of()).withoutMdns(),
                        folder.resolve("dht"),
                        Clock.systemUTC(),
                        new Random(3));
                var provider = new Stranger("provider", host.addresses())) {
            Hash model = provider.node.seed(gguf, "");
            Kademlia between = dht.dht().orElseThrow();
            while (between.records() == 0) {
                LockSupport.parkNanos(20_000_000); // publishing goes on in the background; the test's own limit ends it
            }
            try (var looking = new Stranger("looking", host.addresses())) {
                assertThat(looking.node.snapshot().peers()).hasSize(1); // itself: nobody announced anything to it
                looking.node.serve(model, new BlockRange(0, TinyLlama.BLOCKS), LIMIT);
                Path back = folder.resolve("back.gguf");
                looking.node.export(model, back);
                assertThat(Files.mismatch(gguf, back)).isEqualTo(-1);
                assertThat(looking.node.metrics().value("shards.pieces.bad")).isZero();
            }
        }
    }
}
