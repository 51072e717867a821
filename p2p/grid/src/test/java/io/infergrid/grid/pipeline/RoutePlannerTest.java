package io.infergrid.grid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.pipeline.RoutePlanner.Candidate;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RoutePlannerTest {

    private static final List<PeerId> PEERS = IntStream.range(0, 6)
            .mapToObj(i -> PeerId.of(PrivateKey.generate().publicKey()))
            .sorted()
            .toList();

    private static Candidate stage(int peer, int first, int end, int stepMillis, int tripMillis) {
        return new Candidate(
                PEERS.get(peer),
                List.of(),
                "",
                new BlockRange(first, end),
                Duration.ofMillis(stepMillis),
                Duration.ofMillis(tripMillis));
    }

    @Test
    void the_chain_with_the_least_time_for_a_token_is_taken() {
        Candidate slowFirst = stage(0, 0, 2, 30, 0);
        Candidate fastFirst = stage(1, 0, 2, 5, 10);
        Candidate second = stage(2, 2, 4, 10, 0);
        Candidate wholeButSlow = stage(3, 0, 4, 50, 0);
        assertThat(RoutePlanner.plan(4, List.of(slowFirst, wholeButSlow, second, fastFirst)))
                .contains(List.of(fastFirst, second));
        assertThat(RoutePlanner.plan(4, List.of(slowFirst, second, stage(4, 0, 4, 20, 0))))
                .contains(List.of(stage(4, 0, 4, 20, 0)));
    }

    @Test
    void ranges_must_fit_together_exactly() {
        List<Candidate> overlapping = List.of(stage(0, 0, 3, 1, 0), stage(1, 2, 4, 1, 0));
        assertThat(RoutePlanner.plan(4, overlapping)).isEmpty();
        assertThat(RoutePlanner.uncovered(4, overlapping)).isEmpty();
    }

    @Test
    void what_nobody_serves_is_named() {
        assertThat(RoutePlanner.uncovered(8, List.of(stage(0, 1, 3, 1, 0), stage(1, 6, 7, 1, 0))))
                .isEqualTo("0, 3-5, 7");
        assertThat(RoutePlanner.plan(8, List.of())).isEmpty();
    }

    @Test
    void the_order_in_which_peers_were_heard_does_not_matter() {
        var candidates = new ArrayList<Candidate>();
        for (int peer = 0; peer < 6; peer++) {
            candidates.add(stage(peer, peer % 3 * 2, peer % 3 * 2 + 2, 7, 0));
        }
        var planned = RoutePlanner.plan(6, candidates).orElseThrow();
        assertThat(planned).extracting(Candidate::peer).containsExactly(PEERS.get(0), PEERS.get(1), PEERS.get(2));
        for (int seed = 0; seed < 20; seed++) {
            Collections.shuffle(candidates, new Random(seed));
            assertThat(RoutePlanner.plan(6, candidates)).contains(planned);
        }
    }
}
