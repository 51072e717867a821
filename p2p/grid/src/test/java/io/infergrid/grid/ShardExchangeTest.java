package io.infergrid.grid;

import static io.infergrid.grid.TestGrid.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.grid.announce.AnnounceMessage;
import io.infergrid.grid.announce.Announcement;
import io.infergrid.grid.announce.Gossip;
import io.infergrid.grid.exchange.ShardMessage;
import io.infergrid.grid.exchange.ShardServer;
import io.infergrid.grid.model.GgufShards;
import io.infergrid.grid.model.ShardStore;
import io.infergrid.grid.wire.Frames;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Shards between nodes over TCP on the loopback interface; the model's embedding and head have four pieces each. */
@Timeout(60)
class ShardExchangeTest {

    private static final BlockRange WHOLE = new BlockRange(0, TinyLlama.BLOCKS);

    @TempDir
    Path folder;

    private Path gguf;

    @BeforeEach
    void write() throws IOException {
        gguf = TinyLlama.write(folder.resolve("tiny.gguf"), 16_384, false);
    }

    @Test
    void a_node_fetches_a_whole_model_and_can_give_it_on() throws Exception {
        try (var grid = new TestGrid(folder)) {
            GridNode bootstrap = grid.node(Role.GATEWAY);
            GridNode seeder = grid.node(Role.SEEDER);
            Hash model = seeder.seed(gguf, "");
            GridNode first = grid.node(Role.WORKER);
            first.serve(model, WHOLE, LIMIT);
            assertThat(seeder.metrics().value("shards.pieces.sent")).isEqualTo(14);
            seeder.close();
            grid.eventually(() -> first.snapshot().peers().size() == 2);

            GridNode second = grid.node(Role.WORKER);
            second.serve(model, WHOLE, LIMIT);
            assertThat(first.metrics().value("shards.pieces.sent")).isEqualTo(14);
            assertThat(first.metrics().value("shards.bytes.sent")).isEqualTo(Files.size(gguf));
            assertThat(second.snapshot().models())
                    .singleElement()
                    .satisfies(held -> assertThat(held.shardsHere()).isEqualTo(held.shards()));
            assertThat(second.snapshot().transfers())
                    .filteredOn(transfer -> transfer.shard().equals("embedding"))
                    .singleElement()
                    .satisfies(transfer -> {
                        assertThat(transfer.peerId()).isEqualTo(first.peerId());
                        assertThat(transfer.bytesDone()).isEqualTo(4 << 20).isEqualTo(transfer.bytesTotal());
                        assertThat(transfer.verified()).isTrue();
                    });
            assertThat(grid.events(second).progress)
                    .filteredOn(progress -> progress.shard().equals("head"))
                    .hasSize(5)
                    .last()
                    .satisfies(progress -> assertThat(progress.verified()).isTrue());
            Path back = folder.resolve("back.gguf");
            try (var store = ShardStore.open(folder.resolve("node3").resolve(model.hex()))) {
                store.assemble(back);
            }
            assertThat(Files.mismatch(gguf, back)).isEqualTo(-1);
            assertThat(bootstrap.metrics().value("shards.pieces.sent")).isZero();
        }
    }

    @Test
    void nodes_that_fetch_at_the_same_time_give_each_other_pieces() throws Exception {
        try (var grid = new TestGrid(folder)) {
            GridNode seeder = grid.node(Role.SEEDER);
            Hash model = seeder.seed(gguf, "");
            var fetching = new ArrayList<GridNode>();
            for (int i = 0; i < 3; i++) {
                fetching.add(grid.node(Role.WORKER));
            }
            for (GridNode node : fetching) {
                grid.eventually(() -> node.snapshot().peers().size() == 4);
                node.fetchMetadata(model, LIMIT);
            }
            for (GridNode node : fetching) {
                grid.eventually(() -> node.snapshot().peers().size() == 4);
            }
            var threads = new ArrayList<Thread>();
            for (GridNode node : fetching) {
                threads.add(Thread.ofVirtual().start(() -> {
                    try {
                        node.serve(model, WHOLE, LIMIT);
                    } catch (GridException | InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            long received = 0;
            for (GridNode node : fetching) {
                assertThat(node.snapshot().models().getFirst().shardsHere()).isEqualTo(7);
                received += node.metrics().value("shards.pieces.received");
            }
            // no piece came twice, and not all came from the seeder
            assertThat(received).isEqualTo(3 * 14);
            assertThat(seeder.metrics().value("shards.pieces.sent")).isLessThan(3 * 14);
        }
    }

    @Test
    void a_peer_that_sends_a_tampered_piece_is_dropped_and_the_rest_comes_from_others() throws Exception {
        try (var grid = new TestGrid(folder);
                var shards = new GgufShards(gguf, "")) {
            Hash model = shards.root();
            GridNode node = grid.node(Role.WORKER);
            try (var liar = liar(shards, grid)) {
                grid.eventually(() -> node.snapshot().peers().size() == 2);
                assertThatThrownBy(() -> node.serve(model, WHOLE, Duration.ofSeconds(2)))
                        .isInstanceOf(GridException.ShardMissing.class)
                        .hasMessageContaining("with its hash, found other bytes");
                assertThat(node.metrics().value("shards.pieces.bad")).isEqualTo(1);
                assertThat(node.metrics().value("shards.peers.dropped")).isEqualTo(1);

                grid.node(Role.SEEDER).seed(gguf, "");
                node.serve(model, WHOLE, LIMIT);
                assertThat(node.metrics().value("shards.pieces.bad")).isEqualTo(1);
                assertThat(liar.connections()).isNotEmpty();
            }
            try (var store = ShardStore.open(folder.resolve("node0").resolve(model.hex()))) {
                Path back = folder.resolve("back.gguf");
                store.assemble(back);
                assertThat(Files.mismatch(gguf, back)).isEqualTo(-1);
            }
        }
    }

    /** A peer that has everything and flips a bit of each piece of the embedding. */
    private static Host liar(GgufShards shards, TestGrid grid) throws Exception {
        Host host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        var all = new BitSet();
        all.set(0, shards.manifest().shards().size());
        var announcement = new Announcement(
                host.peerId(),
                host.addresses(),
                Set.of(Role.SEEDER),
                "cpu",
                "IG1",
                "",
                Duration.ofMinutes(1),
                0,
                List.of(new Announcement.Holding(shards.root(), all, List.of())));
        answer(
                host,
                Gossip.PROTOCOL,
                AnnounceMessage.MAX_BYTES,
                asked -> new AnnounceMessage(announcement, List.of()).encode());
        host.handle(ShardServer.PROTOCOL, stream -> lie(shards, stream));
        var node = grid.bootstrap().getFirst();
        host.connect(node.peer().orElseThrow(), List.of(node), LIMIT);
        return host;
    }

    private static void answer(Host host, String protocol, int maxBytes, UnaryOperator<byte[]> answers) {
        host.handle(protocol, (Stream stream) -> {
            try {
                for (byte[] asked; (asked = Frames.read(stream.in(), maxBytes)) != null; ) {
                    Frames.write(stream.out(), answers.apply(asked));
                    stream.out().flush();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static void lie(GgufShards shards, Stream stream) {
        try {
            for (byte[] asked; (asked = Frames.read(stream.in(), ShardMessage.MAX_QUESTION_BYTES)) != null; ) {
                for (ShardMessage answer : lie(shards, ShardMessage.decode(asked))) {
                    Frames.write(stream.out(), answer.encode());
                }
                stream.out().flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<ShardMessage> lie(GgufShards shards, ShardMessage asked) throws IOException {
        return switch (asked) {
            case ShardMessage.GetManifest(var model, var offset) -> {
                byte[] manifest = shards.manifest().encode();
                yield List.of(new ShardMessage.ManifestPart(manifest.length, 0, manifest));
            }
            case ShardMessage.Follow(var model) -> {
                var have = new ArrayList<BitSet>();
                for (int i = 0; i < shards.manifest().shards().size(); i++) {
                    have.add(shards.pieces(i));
                }
                yield List.of(new ShardMessage.Have(have), new ShardMessage.Slot(true));
            }
            case ShardMessage.GetPiece(var shard, var piece) -> {
                byte[] bytes = shards.piece(shard, piece);
                if (shard == 1) {
                    bytes[bytes.length / 3] ^= 4;
                }
                var blocks = new ArrayList<ShardMessage>();
                for (int at = 0; at < bytes.length; at += ShardMessage.BLOCK_BYTES) {
                    int end = Math.min(bytes.length, at + ShardMessage.BLOCK_BYTES);
                    blocks.add(new ShardMessage.Block(shard, piece, at, Arrays.copyOfRange(bytes, at, end)));
                }
                yield blocks;
            }
            default -> List.of();
        };
    }

    @Test
    void a_manifest_that_nobody_has_is_a_clear_error() throws Exception {
        try (var grid = new TestGrid(folder)) {
            GridNode node = grid.node(Role.WORKER);
            assertThatThrownBy(() -> node.fetchMetadata(Hash.of(new byte[32]), Duration.ofMillis(300)))
                    .isInstanceOf(GridException.ShardMissing.class)
                    .hasMessageContaining("expected the manifest of 000000000000");
        }
    }

    @Test
    void more_downloads_than_the_upload_limit_are_turned_away() throws Exception {
        try (var grid = new TestGrid(folder)) {
            GridNode seeder = grid.node(Role.SEEDER, TestGrid.reference(), c -> c.withUploads(0));
            Hash model = seeder.seed(gguf, "");
            GridNode node = grid.node(Role.WORKER);
            assertThatThrownBy(() -> node.fetchMetadata(model, Duration.ofSeconds(1)))
                    .isInstanceOf(GridException.ShardMissing.class)
                    .hasMessageContaining("found all 0 taken");
            assertThat(seeder.metrics().value("shards.uploads.refused")).isPositive();
        }
    }
}
