package io.infergrid.grid;

import static io.infergrid.grid.TestGrid.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.batching.Priority;
import io.infergrid.grid.pipeline.StageMessage;
import io.infergrid.grid.pipeline.StageMessage.Attach;
import io.infergrid.grid.pipeline.StageMessage.Failed;
import io.infergrid.grid.pipeline.StageMessage.Failed.Reason;
import io.infergrid.grid.pipeline.StageMessage.Hidden;
import io.infergrid.grid.pipeline.StageMessage.Open;
import io.infergrid.grid.pipeline.StageMessage.Opened;
import io.infergrid.grid.pipeline.StageMessage.Tokens;
import io.infergrid.grid.pipeline.StageServer;
import io.infergrid.grid.wire.Frames;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stranger who breaks the stage protocol gets an error; the node goes on for everyone else. */
@Timeout(60)
class HostileFramesTest {

    private static final String ID = "00112233445566778899aabbccddeeff";
    private static final BlockRange WHOLE = new BlockRange(0, TinyLlama.BLOCKS);
    private static final BlockRange SECOND = new BlockRange(2, TinyLlama.BLOCKS);

    @TempDir
    Path folder;

    private TestGrid grid;
    private GridNode worker;
    private Hash model;
    private Host stranger;

    @BeforeEach
    void start() throws Exception {
        grid = new TestGrid(folder);
        worker = grid.node(Role.WORKER, TestGrid.reference(), c -> c.withLimits(4, 1 << 26, Duration.ofMillis(600)));
        model = worker.seed(TinyLlama.write(folder.resolve("tiny.gguf")), "");
        worker.serve(model, WHOLE, LIMIT);
        worker.serve(model, SECOND, LIMIT);
        stranger = new HostBuilder().start();
        Multiaddr address = grid.bootstrap().getFirst();
        stranger.connect(address.peer().orElseThrow(), List.of(address), LIMIT);
    }

    @AfterEach
    void the_node_is_unharmed() throws Exception {
        try (TestGrid closed = grid) {
            assertThat(closed).isNotNull();
            grid.eventually(() -> worker.snapshot().sessions() == 0);
            var request = new GenerationRequest(model, new int[] {1, 2, 3}, 5, Sampling.GREEDY, Set.of());
            assertThat(worker.generate(request, (id, hops) -> {}, () -> false).tokens())
                    .isEqualTo(TestGrid.alone(folder.resolve("tiny.gguf"), request));
        } finally {
            stranger.close();
        }
    }

    private Stream stream() throws IOException {
        Stream stream = stranger.open(PeerId.parse(worker.peerId()), StageServer.PROTOCOL, LIMIT);
        stream.timeout(LIMIT);
        return stream;
    }

    private static void send(Stream stream, byte[] message) throws IOException {
        Frames.write(stream.out(), message);
        stream.out().flush();
    }

    private static StageMessage receive(Stream stream) throws IOException {
        return StageMessage.decode(Frames.require(stream.in(), StageMessage.MAX_CONTROL_BYTES, "an answer"));
    }

    private Open open(BlockRange blocks, int maxPositions, Optional<PeerId> previous) {
        return new Open(
                ID,
                model,
                blocks,
                blocks.first() == 0 ? 0 : 1,
                maxPositions,
                previous.stream().toList(),
                Optional.empty(),
                Optional.empty(),
                false,
                Sampling.GREEDY,
                Priority.INTERACTIVE);
    }

    private Stream session(BlockRange blocks, Optional<PeerId> previous) throws IOException {
        Stream control = stream();
        send(control, open(blocks, 16, previous).encode());
        assertThat(receive(control)).isInstanceOf(Opened.class);
        return control;
    }

    private static void refused(Stream control, Reason reason, String text) throws IOException {
        assertThat(receive(control)).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.reason()).isEqualTo(reason);
            assertThat(failed.text()).contains(text);
        });
    }

    private void counted(long times) throws InterruptedException {
        grid.eventually(() -> worker.metrics().value("stage.bad") >= times);
    }

    @Test
    void noise_in_place_of_a_greeting() throws Exception {
        var random = new Random(5);
        for (int i = 0; i < 20; i++) {
            byte[] noise = new byte[1 + random.nextInt(200)];
            random.nextBytes(noise);
            try (Stream stream = stream()) {
                assertThat(refusedOrEnded(stream, noise)).isTrue();
            }
        }
    }

    private static boolean refusedOrEnded(Stream stream, byte[] noise) {
        try {
            stream.out().write(noise);
            stream.out().flush();
            stream.closeWrite();
        } catch (IOException reset) {
            return true; // the node was quicker
        }
        return ended(stream);
    }

    /** Whether nothing comes but the end or a reset. */
    private static boolean ended(Stream stream) {
        try {
            return stream.in().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void a_frame_that_claims_two_gigabytes() throws Exception {
        try (Stream stream = stream()) {
            stream.out().write(new byte[] {0x7f, -1, -1, -1});
            stream.out().flush();
            assertThat(ended(stream)).isTrue();
        }
        counted(1);
        try (Stream control = session(WHOLE, Optional.empty())) {
            control.out().write(new byte[] {0x7f, -1, -1, -1});
            control.out().flush();
            refused(control, Reason.PROTOCOL, "expected a frame of 1 to 16384 bytes");
        }
        counted(2);
    }

    @Test
    void tokens_at_the_wrong_position() throws Exception {
        try (Stream control = session(WHOLE, Optional.empty())) {
            send(control, new Tokens(3, true, new int[] {1}).encode());
            refused(control, Reason.PROTOCOL, "expected position 0, found 3");
        }
        counted(1);
    }

    @Test
    void tokens_that_the_model_does_not_have() throws Exception {
        try (Stream control = session(WHOLE, Optional.empty())) {
            send(control, new Tokens(0, true, new int[] {TinyLlama.VOCABULARY}).encode());
            refused(control, Reason.PROTOCOL, "expected a token below 96, found 96");
        }
        counted(1);
    }

    @Test
    void more_positions_than_were_asked_for() throws Exception {
        try (Stream control = session(WHOLE, Optional.empty())) {
            send(control, new Tokens(0, true, new int[17]).encode());
            refused(control, Reason.PROTOCOL, "expected up to 16 positions, found 17");
        }
        counted(1);
    }

    @Test
    void sessions_that_cannot_be() throws Exception {
        try (Stream control = stream()) {
            send(control, open(WHOLE, TinyLlama.CONTEXT + 1, Optional.empty()).encode());
            refused(control, Reason.PROTOCOL, "expected up to 256 positions, found 257");
        }
        try (Stream control = stream()) {
            send(control, open(new BlockRange(0, 2), 16, Optional.empty()).encode());
            refused(control, Reason.UNKNOWN, "expected blocks that are served here, found 0-1");
        }
        try (Stream control = stream()) {
            send(control, open(SECOND, 16, Optional.empty()).encode());
            refused(control, Reason.PROTOCOL, "expected a stage before all but the first");
        }
        try (Stream control = session(WHOLE, Optional.empty());
                Stream again = stream()) {
            send(again, open(WHOLE, 16, Optional.empty()).encode());
            refused(again, Reason.PROTOCOL, "expected a new session, found one that is open");
            assertThat(control.remote()).isEqualTo(again.remote());
        }
    }

    @Test
    void boundary_activations_of_the_wrong_size() throws Exception {
        try (Stream control = session(SECOND, Optional.of(stranger.peerId()));
                Stream data = stream()) {
            send(data, new Attach(ID).encode());
            send(data, new Hidden(0, 2, true, new int[] {1}, new byte[2 * TinyLlama.DIMENSION]).encode());
            refused(control, Reason.PROTOCOL, "expected 256 bytes of boundary for 2 positions, found 128");
        }
        counted(1);
    }

    @Test
    void boundary_activations_larger_than_any_of_this_model() throws Exception {
        try (Stream control = session(SECOND, Optional.of(stranger.peerId()));
                Stream data = stream()) {
            send(data, new Attach(ID).encode());
            data.out().write(new byte[] {0, 16, 0, 0});
            data.out().flush();
            refused(control, Reason.PROTOCOL, "expected a frame of 1 to 49152 bytes, found 1048576");
        }
        counted(1);
    }

    @Test
    void boundary_activations_with_infinities_and_nans_do_no_harm() throws Exception {
        try (Stream control = session(SECOND, Optional.of(stranger.peerId()));
                Stream data = stream()) {
            send(data, new Attach(ID).encode());
            byte[] wire = new byte[2 * TinyLlama.DIMENSION];
            Arrays.fill(wire, (byte) 0x7e);
            send(data, new Hidden(0, 1, true, new int[] {1}, wire).encode());
            assertThat(receive(control)).isInstanceOfAny(Failed.class, StageMessage.Drawn.class);
        }
    }

    @Test
    void a_stream_from_someone_who_is_not_the_stage_before() throws Exception {
        try (Stream control = session(SECOND, Optional.of(PeerId.parse(worker.peerId())));
                Stream data = stream()) {
            send(data, new Attach(ID).encode());
            assertThat(ended(data)).isTrue();
            // the session itself is not harmed by it
            send(control, new StageMessage.Probe().encode());
            assertThat(receive(control)).isEqualTo(new StageMessage.Reached(0));
        }
        counted(1);
    }

    @Test
    void a_flood_of_frames_without_waiting_for_answers() throws Exception {
        try (Stream control = session(WHOLE, Optional.empty())) {
            boolean failed = false;
            try {
                for (int i = 0; i < 5000 && !failed; i++) {
                    send(control, new Tokens(i, false, new int[] {1}).encode());
                }
                while (!failed) {
                    failed = receive(control) instanceof Failed;
                }
            } catch (IOException reset) {
                failed = true;
            }
            assertThat(failed).isTrue();
        }
        counted(1);
    }

    @Test
    void a_gateway_that_falls_silent_loses_its_session_after_a_while() throws Exception {
        try (Stream control = session(WHOLE, Optional.empty())) {
            refused(control, Reason.IDLE, "no frame for");
        }
        assertThat(worker.metrics().value("stage.sessions.expired")).isEqualTo(1);
    }

    @Test
    void a_gateway_that_leaves_frees_its_session() throws Exception {
        session(WHOLE, Optional.empty());
        assertThat(worker.snapshot().sessions()).isEqualTo(1);
        stranger.close();
    }
}
