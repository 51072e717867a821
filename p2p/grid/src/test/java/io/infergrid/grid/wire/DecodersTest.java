package io.infergrid.grid.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.Hash;
import io.infergrid.grid.Role;
import io.infergrid.grid.announce.AnnounceMessage;
import io.infergrid.grid.announce.Announcement;
import io.infergrid.grid.exchange.ShardMessage;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.pipeline.StageMessage;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever bytes come in: a message, or a {@link WireException} of one line. */
class DecodersTest {

    private static final PeerId PEER = PeerId.of(PrivateKey.generate().publicKey());
    private static final Hash HASH = Hash.of(new byte[32]);
    private static final List<Multiaddr> ADDRESSES = List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/4001"));

    private interface Decoder {
        Object decode(byte[] bytes) throws WireException;
    }

    private static final List<Decoder> DECODERS =
            List.of(Manifest::decode, AnnounceMessage::decode, ShardMessage::decode, StageMessage::decode);

    private static List<StageMessage> stageMessages() {
        return List.of(
                new StageMessage.Open(
                        "00112233445566778899aabbccddeeff",
                        HASH,
                        new BlockRange(1, 3),
                        1,
                        128,
                        List.of(PEER, PEER),
                        Optional.of(new StageMessage.Hop(PEER, ADDRESSES)),
                        Optional.of(new StageMessage.Hop(PEER, List.of())),
                        true,
                        new Sampling(0.5f, 40, 0.9f, -3),
                        io.infergrid.grid.batching.Priority.STANDBY),
                new StageMessage.Settled(64),
                new StageMessage.TakeOver(96, Optional.of(new StageMessage.Hop(PEER, ADDRESSES)), Optional.empty()),
                new StageMessage.Committed(3, HASH, new byte[64]),
                new StageMessage.Reveal(3),
                new StageMessage.Revealed(
                        3, new io.infergrid.grid.verification.WindowClaim.Secret(HASH, HASH, new byte[16])),
                new StageMessage.Promote(),
                new StageMessage.LinkLost(StageMessage.LinkLost.Link.TEE, PEER, "it does not keep up"),
                new StageMessage.Tokens(7, true, new int[] {1, 2, 3}),
                new StageMessage.Probe(),
                new StageMessage.Opened(Optional.empty()),
                new StageMessage.Opened(Optional.of(new io.infergrid.grid.payment.Offer(
                        new java.math.BigInteger("1000000000000000000000"), 4, new byte[] {1, 2, 3}))),
                new StageMessage.Paid(3, 4, new byte[] {9, 8, 7}),
                new StageMessage.Reached(12),
                new StageMessage.Drawn(9, -1, new int[] {5, 6}),
                new StageMessage.Failed(StageMessage.Failed.Reason.BUSY, "all slots are taken"),
                new StageMessage.Attach("00112233445566778899aabbccddeeff"),
                new StageMessage.Hidden(3, 2, false, new int[] {8}, new byte[16]));
    }

    private static List<ShardMessage> shardMessages() {
        var pieces = new BitSet();
        pieces.set(3);
        return List.of(
                new ShardMessage.GetManifest(HASH, 4),
                new ShardMessage.Follow(HASH),
                new ShardMessage.Interest(true),
                new ShardMessage.GetPiece(2, 5),
                new ShardMessage.Cancel(2, 5),
                new ShardMessage.ManifestPart(100, 10, new byte[20]),
                new ShardMessage.Have(List.of(pieces, new BitSet())),
                new ShardMessage.Gained(List.of(new ShardMessage.PieceRef(1, 2), new ShardMessage.PieceRef(3, 4))),
                new ShardMessage.Lost(List.of(new ShardMessage.PieceRef(1, 2))),
                new ShardMessage.Slot(true),
                new ShardMessage.Block(1, 2, 1 << 17, new byte[10]),
                new ShardMessage.Declined(1, 2, ShardMessage.Reason.NOT_HERE),
                new ShardMessage.Missing("not here"));
    }

    private static AnnounceMessage announcement() {
        var shards = new BitSet();
        shards.set(0, 5);
        return new AnnounceMessage(
                new Announcement(
                        PEER,
                        ADDRESSES,
                        Set.of(Role.WORKER, Role.SEEDER),
                        "cpu: something",
                        "IG1",
                        "ab12",
                        Duration.ofSeconds(60),
                        3,
                        List.of(new Announcement.Holding(
                                HASH,
                                shards,
                                List.of(new Announcement.Serving(new BlockRange(0, 2), Duration.ofMillis(3)))))),
                List.of(new Announcement.Hint(PEER, ADDRESSES)));
    }

    @Example
    void every_message_survives_its_binary_form() throws Exception {
        for (StageMessage message : stageMessages()) {
            assertThat(StageMessage.decode(message.encode()))
                    .usingRecursiveComparison()
                    .isEqualTo(message);
        }
        for (ShardMessage message : shardMessages()) {
            assertThat(ShardMessage.decode(message.encode()))
                    .usingRecursiveComparison()
                    .isEqualTo(message);
        }
        assertThat(AnnounceMessage.decode(announcement().encode())).isEqualTo(announcement());
    }

    @Provide
    Arbitrary<byte[]> noise() {
        return Arbitraries.bytes().array(byte[].class).ofMaxSize(300);
    }

    @Property(tries = 2000)
    void noise_is_refused(@ForAll("noise") byte[] bytes) {
        DECODERS.forEach(decoder -> decodes(decoder, bytes));
    }

    /** Noise behind the first byte of each type of message gets further. */
    @Property(tries = 2000)
    void noise_of_a_known_type_is_refused(@ForAll("noise") byte[] bytes) {
        if (bytes.length > 0) {
            bytes[0] = (byte) ((bytes[0] & 0xff) % 14);
            DECODERS.forEach(decoder -> decodes(decoder, bytes));
        }
    }

    @Property(tries = 2000)
    void broken_messages_are_refused(@ForAll long seed) {
        var random = new Random(seed);
        mutated(StageMessage::decode, pick(stageMessages(), random).encode(), random);
        var shard = pick(shardMessages(), random);
        if (!(shard instanceof ShardMessage.Block)) { // whose end is the frame's
            mutated(ShardMessage::decode, shard.encode(), random);
        }
        mutated(AnnounceMessage::decode, announcement().encode(), random);
    }

    private static <T> T pick(List<T> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }

    private static void mutated(Decoder decoder, byte[] bytes, Random random) {
        byte[] cut = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        assertThatThrownBy(() -> decoder.decode(cut)).isInstanceOf(WireException.class);
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(9));
        assertThatThrownBy(() -> decoder.decode(longer)).isInstanceOf(WireException.class);
        byte[] changed = bytes.clone();
        for (int i = random.nextInt(4); i >= 0; i--) {
            changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
        }
        decodes(decoder, changed);
    }

    private static void decodes(Decoder decoder, byte[] bytes) {
        try {
            assertThat(decoder.decode(bytes)).isNotNull();
        } catch (WireException refused) {
            assertThat(refused.getMessage()).contains("expected").doesNotContain("\n");
        }
    }

    @Property(tries = 1000)
    void frames_of_noise_end_in_an_error_or_the_end(@ForAll("noise") byte[] bytes) {
        var in = new ByteArrayInputStream(bytes);
        try {
            while (Frames.read(in, 64) != null) {
                // the next
            }
        } catch (IOException refused) {
            assertThat(refused.getMessage()).contains("expected");
        }
    }

    @Example
    void a_frame_longer_than_allowed_is_refused_before_it_is_read() {
        byte[] huge = {0x7f, (byte) 0xff, (byte) 0xff, (byte) 0xff, 1, 2, 3};
        assertThatThrownBy(() -> Frames.read(new ByteArrayInputStream(huge), 1000))
                .isInstanceOf(WireException.class)
                .hasMessage("expected a frame of 1 to 1000 bytes, found 2147483647");
    }
}
