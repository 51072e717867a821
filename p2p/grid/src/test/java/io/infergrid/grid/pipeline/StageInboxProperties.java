package io.infergrid.grid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.grid.pipeline.StageInbox.Frame;
import io.infergrid.grid.pipeline.StageInbox.Task;
import io.infergrid.grid.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class StageInboxProperties {

    /** Each position's token is its own number, so that what is computed where can be seen. */
    private static List<Frame> frames(List<Integer> lengths) {
        var frames = new ArrayList<Frame>();
        int at = 0;
        for (int length : lengths) {
            frames.add(new Frame(
                    at,
                    true,
                    new int[0],
                    new StageInput.Tokens(IntStream.range(at, at + length).toArray())));
            at += length;
        }
        return frames;
    }

    private static int[] ids(Task task) {
        return ((StageInput.Tokens) task.input()).ids();
    }

    @Property(tries = 300)
    void a_standby_computes_every_position_once_in_order_and_puts_out_from_where_it_takes_over(
            @ForAll @Size(min = 1, max = 30) List<@IntRange(min = 1, max = 60) Integer> lengths,
            @ForAll @IntRange(max = 1000) int settledFrames,
            @ForAll @IntRange(max = 1000) int repeatFrom,
            @ForAll boolean draws)
            throws Exception {
        List<Frame> frames = frames(lengths);
        int end = frames.getLast().end();
        int settled = frames.get(settledFrames % frames.size()).position();
        var inbox = new StageInbox(false, 2, end, draws, true);
        for (Frame frame : frames) {
            inbox.put(frame, true);
        }
        for (Frame again : frames.subList(repeatFrom % frames.size(), frames.size())) {
            inbox.put(again, true); // what a successor of the sender repeats
        }
        inbox.settle(settled);
        inbox.activate(settled);

        int position = 0;
        while (position < end) {
            Task task = inbox.take();
            assertThat(task.position()).isEqualTo(position);
            assertThat(ids(task))
                    .containsExactly(IntStream.range(position, task.end()).toArray());
            assertThat(task.output()).isEqualTo(position >= settled);
            if (task.output()) {
                assertThat(task.frames()).hasSize(1);
                assertThat(frames).containsAll(task.frames());
            }
            if (draws && task.frames().size() > 1) {
                assertThat(task.frames()).allMatch(frame -> frame.positions() == 1); // one token is drawn behind each
            }
            position = task.end();
        }
    }

    @Example
    void boundary_activations_are_joined_byte_by_byte() throws Exception {
        var inbox = new StageInbox(false, 2, 10, false, false);
        inbox.put(new Frame(0, false, new int[1], new Boundary(1, 2, new byte[] {1, 2, 3, 4})), true);
        inbox.put(new Frame(1, false, new int[1], new Boundary(2, 2, new byte[] {5, 6, 7, 8, 9, 10, 11, 12})), true);
        inbox.settle(3);

        Task task = inbox.take();
        assertThat(task.input()).isInstanceOfSatisfying(Boundary.class, joined -> {
            assertThat(joined.positions()).isEqualTo(3);
            assertThat(joined.wire()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        });
    }

    @Example
    void what_is_never_settled_is_bounded() throws Exception {
        var inbox = new StageInbox(false, 2, 1 << 20, false, false);
        List<Frame> frames = frames(IntStream.range(0, 9).mapToObj(i -> 256).toList());
        for (Frame frame : frames.subList(0, 8)) {
            inbox.put(frame, true);
        }
        assertThatThrownBy(() -> inbox.put(frames.get(8), true))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("up to 2048 positions");
    }

    @Example
    void gaps_excess_and_words_for_a_standby_at_an_active_stage_are_refused() throws Exception {
        var inbox = new StageInbox(true, 1, 4, false, false);
        List<Frame> frames = frames(List.of(2, 2, 1));
        assertThatThrownBy(() -> inbox.put(frames.get(1), true)).hasMessage("expected position 0, found 2");
        inbox.put(frames.get(0), false);
        assertThatThrownBy(() -> inbox.put(frames.get(1), false)).hasMessageContaining("up to 1 frames under way");
        assertThatThrownBy(() -> inbox.put(frames.get(0), false)).hasMessage("expected position 2, found 0");
        assertThat(inbox.take().output()).isTrue();
        inbox.put(frames.get(1), false);
        assertThat(inbox.take().output()).isTrue();
        assertThatThrownBy(() -> inbox.put(frames.get(2), false)).hasMessage("expected up to 4 positions, found 5");
        assertThatThrownBy(() -> inbox.settle(4)).hasMessageContaining("found an active stage");
        assertThatThrownBy(() -> inbox.activate(4)).hasMessageContaining("found an active stage");
    }
}
