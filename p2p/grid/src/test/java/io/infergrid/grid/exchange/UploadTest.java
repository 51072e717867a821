package io.infergrid.grid.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.grid.TinyLlama;
import io.infergrid.grid.exchange.ShardMessage.Block;
import io.infergrid.grid.exchange.ShardMessage.Declined;
import io.infergrid.grid.exchange.ShardMessage.Gained;
import io.infergrid.grid.exchange.ShardMessage.Have;
import io.infergrid.grid.exchange.ShardMessage.PieceRef;
import io.infergrid.grid.exchange.ShardMessage.Reason;
import io.infergrid.grid.exchange.ShardMessage.Slot;
import io.infergrid.grid.model.GgufShards;
import io.infergrid.grid.model.HeldShards;
import io.infergrid.grid.net.LoopbackStream;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What one follower gets, message by message. */
@Timeout(60)
class UploadTest {

    @TempDir
    Path folder;

    private final ExecutorService disk = Executors.newSingleThreadExecutor();
    private final PeerId peer = PrivateKey.generate().publicKey().peerId();
    private final LoopbackStream.Pair pair = LoopbackStream.pair(peer, peer, ShardServer.PROTOCOL);
    private GgufShards shards;
    private Upload upload;

    @BeforeEach
    void start() throws IOException {
        shards = new GgufShards(TinyLlama.write(folder.resolve("tiny.gguf"), 16_384, false), "");
        upload = new Upload(
                peer,
                shards,
                new PieceNumbers(shards.manifest()),
                disk,
                new TokenBucket(0, System::nanoTime),
                new Upload.Sent() {
                    @Override
                    public void block(Upload upload, int shard, int bytes, boolean last) {
                        // counted by the rate alone
                    }

                    @Override
                    public void spoilt(HeldShards held, int shard, int piece) {
                        throw new AssertionError("nothing is spoilt");
                    }
                },
                new RateMeter(System::nanoTime),
                4);
        pair.opened().timeout(Duration.ofSeconds(20));
    }

    @AfterEach
    void stop() {
        upload.close();
        pair.accepted().reset();
        disk.shutdownNow();
        shards.close();
    }

    private void send() {
        Thread.ofVirtual().start(() -> {
            try {
                upload.sendTo(pair.accepted());
            } catch (IOException | InterruptedException ended) {
                pair.accepted().reset();
            }
        });
    }

    private ShardMessage next() throws IOException {
        return ShardMessage.decode(Frames.require(pair.opened().in(), ShardMessage.MAX_BYTES, "an answer"));
    }

    private void whole(int shard, int piece) throws IOException {
        int bytes = shards.manifest().shards().get(shard).pieceBytes(piece);
        for (int at = 0; at < bytes; ) {
            assertThat(next()).isInstanceOf(Block.class);
            at += Math.min(ShardMessage.BLOCK_BYTES, bytes - at);
        }
    }

    @Test
    void more_than_may_be_asked_for_is_against_the_protocol() throws Exception {
        upload.slot(true);
        for (int piece = 0; piece < 4; piece++) {
            upload.ask(1, piece);
        }
        assertThatThrownBy(() -> upload.ask(6, 0))
                .isInstanceOf(WireException.class)
                .hasMessage("expected up to 4 pieces asked for, found more");
    }

    @Test
    void each_question_ends_with_the_piece_or_with_a_word_why_not() throws Exception {
        upload.ask(1, 0); // before there is a slot
        send();
        assertThat(next()).isInstanceOf(Have.class);
        assertThat(next()).isEqualTo(new Declined(1, 0, Reason.NO_SLOT));
        upload.interested(true);
        upload.slot(true);
        assertThat(next()).isEqualTo(new Slot(true));
        upload.ask(1, 1);
        whole(1, 1);
        upload.gained(2, 0);
        assertThat(next()).isEqualTo(new Gained(java.util.List.of(new PieceRef(2, 0))));
    }

    @Test
    void what_is_cancelled_or_loses_its_slot_is_declined() throws Exception {
        upload.slot(true);
        upload.ask(1, 0);
        upload.ask(1, 1);
        upload.cancel(1, 1);
        upload.slot(false);
        send();
        assertThat(next()).isInstanceOf(Have.class);
        assertThat(next()).isEqualTo(new Slot(true));
        assertThat(next()).isEqualTo(new Declined(1, 1, Reason.CANCELLED));
        assertThat(next()).isEqualTo(new Slot(false));
        assertThat(next()).isEqualTo(new Declined(1, 0, Reason.NO_SLOT));
    }
}
