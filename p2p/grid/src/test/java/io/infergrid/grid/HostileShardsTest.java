package io.infergrid.grid;

import static io.infergrid.grid.TestGrid.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.announce.AnnounceMessage;
import io.infergrid.grid.announce.Announcement;
import io.infergrid.grid.announce.Gossip;
import io.infergrid.grid.exchange.ShardMessage;
import io.infergrid.grid.exchange.ShardMessage.Block;
import io.infergrid.grid.exchange.ShardMessage.Declined;
import io.infergrid.grid.exchange.ShardMessage.Follow;
import io.infergrid.grid.exchange.ShardMessage.Gained;
import io.infergrid.grid.exchange.ShardMessage.GetManifest;
import io.infergrid.grid.exchange.ShardMessage.GetPiece;
import io.infergrid.grid.exchange.ShardMessage.Have;
import io.infergrid.grid.exchange.ShardMessage.ManifestPart;
import io.infergrid.grid.exchange.ShardMessage.PieceRef;
import io.infergrid.grid.exchange.ShardMessage.Reason;
import io.infergrid.grid.exchange.ShardMessage.Slot;
import io.infergrid.grid.exchange.ShardServer;
import io.infergrid.grid.model.GgufShards;
import io.infergrid.grid.model.ModelCutter;
import io.infergrid.grid.wire.Frames;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
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
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sources and followers that break the exchange are bounded, banned and counted; honest ones are served all the same. */
@Timeout(60)
class HostileShardsTest {

    @TempDir
    Path folder;

    private TestGrid grid;
    private GridNode node;
    private GgufShards shards;
    private Hash model;
    private Host stranger;

    @BeforeEach
    void start() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"), 16_384, false);
        shards = new GgufShards(gguf, "");
        model = shards.root();
        grid = new TestGrid(folder);
        node = grid.node(Role.WORKER);
        stranger = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
    }

    @AfterEach
    void stop() {
        stranger.close();
        grid.close();
        shards.close();
    }

    // ---- sources

    /** The stranger announces the whole model and answers questions with {@code answers}. */
    private void announce(Function<ShardMessage, List<ShardMessage>> answers) throws Exception {
        var all = new BitSet();
        all.set(0, shards.manifest().shards().size());
        var announcement = new Announcement(
                stranger.peerId(),
                stranger.addresses(),
                Set.of(Role.SEEDER),
                "cpu",
                "IG1",
                "",
                Duration.ofMinutes(1),
                0,
                List.of(new Announcement.Holding(model, all, List.of())));
        stranger.handle(Gossip.PROTOCOL, stream -> {
            try {
                Frames.require(stream.in(), AnnounceMessage.MAX_BYTES, "an announcement");
                Frames.write(stream.out(), new AnnounceMessage(announcement, List.of()).encode());
                stream.out().flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        stranger.handle(ShardServer.PROTOCOL, stream -> {
            try {
                for (byte[] asked; (asked = Frames.read(stream.in(), ShardMessage.MAX_QUESTION_BYTES)) != null; ) {
                    for (ShardMessage answer : answers.apply(ShardMessage.decode(asked))) {
                        Frames.write(stream.out(), answer.encode());
                    }
                    stream.out().flush();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        connect();
        grid.eventually(() -> node.snapshot().peers().size() == 2);
    }

    private void connect() throws IOException {
        Multiaddr address = grid.bootstrap().getFirst();
        stranger.connect(address.peer().orElseThrow(), List.of(address), LIMIT);
    }

    private List<ShardMessage> honest(ShardMessage asked) {
        return switch (asked) {
            case GetManifest get -> {
                byte[] manifest = shards.manifest().encode();
                yield List.of(new ManifestPart(manifest.length, 0, manifest));
            }
            case Follow follow -> {
                var have = new ArrayList<BitSet>();
                for (int i = 0; i < shards.manifest().shards().size(); i++) {
                    have.add(shards.pieces(i));
                }
                yield List.of(new Have(have), new Slot(true));
            }
            case GetPiece(var shard, var piece) -> blocks(shard, piece);
            default -> List.of();
        };
    }

    private List<ShardMessage> blocks(int shard, int piece) {
        try {
            byte[] bytes = shards.piece(shard, piece);
            var blocks = new ArrayList<ShardMessage>();
            for (int at = 0; at < bytes.length; at += ShardMessage.BLOCK_BYTES) {
                int end = Math.min(bytes.length, at + ShardMessage.BLOCK_BYTES);
                blocks.add(new Block(shard, piece, at, Arrays.copyOfRange(bytes, at, end)));
            }
            return blocks;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The model arrives whole in spite of the stranger. */
    private void arrivesFromAnother() throws Exception {
        grid.node(Role.SEEDER).seed(folder.resolve("tiny.gguf"), "");
        node.serve(model, new BlockRange(0, TinyLlama.BLOCKS), LIMIT);
        Path back = folder.resolve("back.gguf");
        node.export(model, back);
        assertThat(Files.mismatch(folder.resolve("tiny.gguf"), back)).isEqualTo(-1);
    }

    private void fetchInVain() throws Exception {
        node.download(model, LIMIT);
    }

    private void banned(String why) throws Exception {
        grid.eventually(() -> node.metrics().value("shards.peers.dropped") == 1);
        String bans = Files.readString(folder.resolve("node0").resolve("bans"));
        assertThat(bans).contains(stranger.peerId().toString()).contains(why);
    }

    @Test
    void a_wrong_piece_bans_its_sender_and_is_kept_as_proof() throws Exception {
        announce(asked -> {
            List<ShardMessage> answers = honest(asked);
            if (!answers.isEmpty() && answers.getFirst() instanceof Block block) {
                block.bytes()[5] ^= 1;
            }
            return answers;
        });
        fetchInVain();
        banned("with its hash, found other bytes");
        grid.eventually(() -> node.metrics().value("shards.pieces.bad") == 1);
        try (var proofs = Files.list(folder.resolve("node0").resolve("bad-pieces"))) {
            assertThat(proofs)
                    .singleElement()
                    .satisfies(proof -> assertThat(proof.getFileName().toString())
                            .startsWith(stranger.peerId() + "-" + model.brief()));
        }
        arrivesFromAnother();
    }

    @Test
    void a_ban_holds_after_a_restart() throws Exception {
        Path own = folder.resolve("node1");
        Files.createDirectories(own);
        Files.writeString(
                own.resolve("bans"),
                "2026-01-01T00:00:00Z 2999-01-01T00:00:00Z " + stranger.peerId() + " it sent a bad piece\n"
                        + "spoilt line\n"
                        + "2020-01-01T00:00:00Z 2020-01-02T00:00:00Z " + node.peerId() + " long ago\n");
        GridNode again = grid.node(Role.WORKER);
        stranger.connect(PeerId.parse(again.peerId()), addresses(again), LIMIT);
        try (Stream stream = stranger.open(PeerId.parse(again.peerId()), ShardServer.PROTOCOL, LIMIT)) {
            stream.timeout(LIMIT);
            send(stream, new Follow(model));
            assertThat(ended(stream)).isTrue();
        } catch (IOException reset) {
            // as well
        }
        assertThat(again.metrics().value("shards.uploads.banned")).isEqualTo(1);
    }

    private static List<Multiaddr> addresses(GridNode node) {
        return node.snapshot().addresses().stream().map(Multiaddr::parse).toList();
    }

    @Test
    void a_manifest_of_another_model_bans_its_sender() throws Exception {
        byte[] other = ModelCutter.cut(TinyLlama.write(folder.resolve("other.gguf")), "")
                .encode();
        announce(asked -> List.of(new ManifestPart(other.length, 0, other)));
        assertThat(Thread.ofVirtual().start(() -> {
                    try {
                        node.download(model, Duration.ofSeconds(2));
                    } catch (GridException | InterruptedException none) {
                        // nobody else has it
                    }
                }))
                .isNotNull();
        banned("expected the model root");
        grid.eventually(() -> node.metrics().value("shards.manifests.bad") == 1);
        arrivesFromAnother();
    }

    @Test
    void a_have_map_of_another_shape_bans_its_sender() throws Exception {
        announce(asked -> asked instanceof Follow ? List.of(new Have(List.of(new BitSet()))) : honest(asked));
        fetchInVain();
        banned("expected the pieces of 7 shards, found those of 1");
        arrivesFromAnother();
    }

    @Test
    void a_piece_beyond_the_model_bans_its_sender() throws Exception {
        announce(asked -> asked instanceof Follow
                ? List.of(honest(asked).getFirst(), new Gained(List.of(new PieceRef(1, 4))))
                : honest(asked));
        fetchInVain();
        banned("expected a piece of the model, found piece 4 of shard 1");
        arrivesFromAnother();
    }

    @Test
    void a_block_that_was_not_asked_for_bans_its_sender() throws Exception {
        announce(asked -> asked instanceof Follow
                ? List.of(honest(asked).getFirst(), blocks(1, 0).getFirst())
                : honest(asked));
        fetchInVain();
        banned("expected a block of a piece that was asked for");
        arrivesFromAnother();
    }

    @Test
    void blocks_out_of_order_ban_their_sender() throws Exception {
        announce(asked -> {
            List<ShardMessage> answers = honest(asked);
            return answers.size() > 2 ? answers.reversed() : answers;
        });
        fetchInVain();
        banned("expected a block of 131072 bytes at 0");
        arrivesFromAnother();
    }

    @Test
    void a_source_that_never_answers_costs_only_what_it_was_asked_for_which_others_are_asked_in_the_end()
            throws Exception {
        announce(asked -> asked instanceof GetPiece ? List.of() : honest(asked));
        fetchInVain();
        grid.eventually(
                () -> node.snapshot().downloads().getFirst().sources().stream().anyMatch(source -> source.asked() > 0));
        arrivesFromAnother();
        assertThat(node.metrics().value("shards.peers.dropped")).isZero();
    }

    @Test
    void a_source_that_has_not_what_it_said_is_left_but_not_banned_for_it_may_have_lost_it() throws Exception {
        announce(asked -> asked instanceof GetPiece(var shard, var piece)
                ? List.of(new Declined(shard, piece, Reason.NOT_HERE))
                : honest(asked));
        fetchInVain();
        arrivesFromAnother();
        assertThat(node.metrics().value("shards.peers.dropped")).isZero();
    }

    // ---- followers

    private Stream follower() throws Exception {
        node.seed(folder.resolve("tiny.gguf"), "");
        connect();
        return stream();
    }

    private Stream stream() throws IOException {
        Stream stream = stranger.open(PeerId.parse(node.peerId()), ShardServer.PROTOCOL, LIMIT);
        stream.timeout(LIMIT);
        return stream;
    }

    private static void send(Stream stream, ShardMessage message) throws IOException {
        Frames.write(stream.out(), message.encode());
        stream.out().flush();
    }

    /** Whether the node ends the stream, whatever it says before. */
    private static boolean ended(Stream stream) {
        try {
            return stream.in().skip(Long.MAX_VALUE) >= 0 && stream.in().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    private void servesOthers() throws Exception {
        GridNode other = grid.node(Role.WORKER);
        other.serve(model, new BlockRange(0, TinyLlama.BLOCKS), LIMIT);
    }

    @Test
    void questions_that_cannot_be_ban_whoever_asks_them() throws Exception {
        for (List<ShardMessage> questions : List.<List<ShardMessage>>of(
                List.of(new GetPiece(0, 0)),
                List.of(new Follow(model), new Follow(model)),
                List.of(new Follow(model), new GetPiece(1, 4)),
                List.of(new Follow(model), new GetManifest(model, 0)),
                List.of(new GetManifest(model, 32 << 20)),
                List.of(new Slot(true)))) {
            try (var host = new HostBuilder().start()) {
                Host before = stranger;
                stranger = host;
                long bad = node.metrics().value("shards.messages.bad");
                try (Stream stream = follower()) {
                    for (ShardMessage question : questions) {
                        Frames.write(stream.out(), question.encode());
                    }
                    stream.out().flush();
                    assertThat(ended(stream)).as(questions.toString()).isTrue();
                }
                grid.eventually(() -> node.metrics().value("shards.messages.bad") == bad + 1);
                stranger = before;
            }
        }
        servesOthers();
    }

    @Test
    void a_question_longer_than_questions_are_is_refused_before_it_is_read() throws Exception {
        try (Stream stream = follower()) {
            stream.out().write(new byte[] {0, 0, 1, 0, 4});
            stream.out().flush();
            assertThat(ended(stream)).isTrue();
        }
        banned("expected a frame of 1 to 64 bytes, found 256");
        servesOthers();
    }

    @Test
    void a_follower_that_floods_and_never_reads_is_held_back() throws Exception {
        try (Stream stream = follower()) {
            stream.timeout(Duration.ofMillis(500));
            send(stream, new Follow(model));
            boolean heldBack = false;
            try {
                for (int i = 0; i < 1_000_000; i++) {
                    Frames.write(stream.out(), new GetPiece(1, 1).encode());
                }
            } catch (IOException stuck) {
                heldBack = true;
            }
            assertThat(heldBack).isTrue();
            assertThat(node.metrics().value("shards.questions")).isLessThan(100_000);
            servesOthers();
        }
    }

    @Test
    void more_streams_than_a_peer_may_have_are_refused() throws Exception {
        node.seed(folder.resolve("tiny.gguf"), "");
        connect();
        var streams = new ArrayList<Stream>();
        try {
            for (int i = 0; i < 8; i++) {
                Stream stream = stream();
                streams.add(stream);
                send(stream, new Follow(model));
                assertThat(ShardMessage.decode(Frames.require(stream.in(), ShardMessage.MAX_BYTES, "a have-map")))
                        .isInstanceOf(Have.class);
            }
            try (Stream stream = stream()) {
                send(stream, new Follow(model));
                assertThat(ShardMessage.decode(Frames.require(stream.in(), ShardMessage.MAX_BYTES, "a refusal")))
                        .isInstanceOf(ShardMessage.Missing.class);
            }
        } finally {
            streams.forEach(Stream::reset);
        }
        assertThat(node.metrics().value("shards.uploads.refused")).isEqualTo(1);
        servesOthers();
    }
}
