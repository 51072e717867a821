package io.infergrid.app.ui.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.DownloadOrder;
import io.infergrid.app.core.SwarmView;
import io.infergrid.app.ui.DemoRig;
import io.infergrid.app.ui.TestDesk;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SwarmControllerTest {

    @Test
    void coverage_says_how_many_hold_each_block() {
        var controller = new SwarmController(new TestDesk(DemoRig.working()).desk(), false);
        controller.attach();
        var model = controller.model();
        assertThat(model.coverage.get().depths()).containsExactly(1, 1, 1, 2, 1, 1);
        assertThat(model.coverage.get().sentence())
                .isEqualTo("All 6 blocks are held. 5 blocks are held by one peer only.");
        assertThat(model.peers.get()).hasSize(4);
        assertThat(model.transfers.get().getLast().state()).isEqualTo("On its way");
    }

    @Test
    void it_says_in_words_how_others_reach_the_rig_and_the_rig_them() {
        var rig = DemoRig.working();
        var controller = new SwarmController(new TestDesk(rig).desk(), false);
        controller.attach();
        assertThat(controller.model().reach.get()).startsWith("This swarm is on this computer alone");

        var advice = "Others reach this rig through a relay; a direct link is tried with each peer.";
        var full = rig.fullSwarm();
        var peers = full.peers().stream()
                .map(p -> new SwarmView.Peer(
                        p.peerId(),
                        p.address(),
                        p.role(),
                        p.device(),
                        p.held(),
                        p.roundTrip(),
                        p.held().equals("0-1")
                                ? SwarmView.Way.RELAYED
                                : p.held().equals("2-3") ? SwarmView.Way.UNREACHABLE : SwarmView.Way.DIRECT,
                        p.self()))
                .toList();
        rig.swarm.set(new SwarmView(
                full.ownPeerId(),
                full.addresses(),
                new SwarmView.Reach("relayed", advice),
                peers,
                full.transfers(),
                full.model(),
                full.modelBlocks(),
                full.pipeline()));
        assertThat(controller.model().reach.get()).isEqualTo(advice);
        assertThat(controller.model().peers.get())
                .extracting(SwarmModel.Peer::roundTrip)
                .contains("over a relay", "not connected");
    }

    @Test
    void a_model_on_its_way_shows_its_sources_rate_and_time_left() {
        var controller = new SwarmController(new TestDesk(DemoRig.working()).desk(), false);
        controller.attach();
        var model = controller.model().transfers.get().getFirst();
        assertThat(model.shard()).isEqualTo("infergrid-demo");
        assertThat(model.from()).startsWith("2 sources, ").endsWith("/s");
        assertThat(model.size()).endsWith(" left");
        assertThat(model.state()).isEqualTo("On its way");
    }

    @Test
    void a_model_on_its_way_can_be_held_continued_and_ended_and_a_shard_can_not() {
        var rig = DemoRig.working();
        var controller = new SwarmController(new TestDesk(rig).desk(), false);
        controller.attach();
        var lines = controller.model().transfers.get();
        assertThat(lines.getFirst().orders()).containsExactly(DownloadOrder.PAUSE, DownloadOrder.CANCEL);
        assertThat(lines.getLast().orders()).isEmpty();
        controller.order(lines.getFirst().modelRoot(), DownloadOrder.PAUSE);
        assertThat(rig.orders).containsExactly("PAUSE " + "ab".repeat(32));
        for (var state : List.of("paused", "failed")) {
            assertThat(orders(rig, state)).as(state).containsExactly(DownloadOrder.RESUME, DownloadOrder.CANCEL);
        }
        for (var state : List.of("done", "cancelled")) {
            assertThat(orders(rig, state)).as(state).isEmpty();
        }
    }

    private static List<DownloadOrder> orders(DemoRig rig, String state) {
        var full = rig.fullSwarm();
        var model = full.transfers().getFirst();
        rig.swarm.set(new SwarmView(
                full.ownPeerId(),
                full.addresses(),
                full.peers(),
                List.of(new SwarmView.Transfer(
                        model.shard(), "", 1, 2, false, state, 0, model.left(), 0, model.modelRoot())),
                full.model(),
                full.modelBlocks(),
                full.pipeline()));
        var controller = new SwarmController(new TestDesk(rig).desk(), false);
        controller.attach();
        return controller.model().transfers.get().getFirst().orders();
    }

    @Test
    void without_a_swarm_it_says_so() {
        var controller = new SwarmController(new TestDesk(new DemoRig()).desk(), false);
        controller.attach();
        assertThat(controller.model().subtitle.get()).startsWith("Not in a swarm");
        assertThat(controller.model().coverage.get().depths()).isEmpty();
    }

    @Test
    void held_blocks_are_ranges_with_both_ends_included() {
        assertThat(HeldBlocks.of("0-1, 4", 6)).isEqualTo(bits(0, 1, 4));
        assertThat(HeldBlocks.of("4-99", 6)).isEqualTo(bits(4, 5));
        assertThat(HeldBlocks.of("3-1,x,-2,99999999999", 6)).isEqualTo(bits());
        assertThat(HeldBlocks.of("", 6)).isEqualTo(bits());
    }

    @Property(tries = 500)
    void no_announcement_of_a_stranger_breaks_the_screen(
            @ForAll String held, @ForAll @IntRange(min = 0, max = 200) int blocks) {
        assertThat(HeldBlocks.of(held, blocks).length()).isLessThanOrEqualTo(blocks);
    }

    private static BitSet bits(int... blocks) {
        var bits = new BitSet();
        for (var block : blocks) {
            bits.set(block);
        }
        return bits;
    }
}
