package io.infergrid.grid;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.model.ModelCutter;
import io.infergrid.libp2p.Multiaddr;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A model package among four processes of which two are killed (kill -9), each in the middle of its work, and started again. */
@Timeout(300)
class KilledSwarmTest {

    private static final int PROCESSES = 4;
    private static final int KILLS = 2;

    @TempDir
    Path folder;

    @Test
    void a_model_package_travels_between_four_processes_while_two_are_killed_and_started_again() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of this run: " + seed);
        var random = new Random(seed);
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"), 65_536, false);
        String model = ModelCutter.cut(gguf, "").root().hex();
        int pieces = (int) (Files.size(gguf) >> 20);
        var members = new ArrayList<SwarmMember>();
        try (var grid = new TestGrid(folder.resolve("meeting-point"))) {
            grid.node(Role.GATEWAY); // has nothing, and fetches nothing
            Multiaddr bootstrap = grid.bootstrap().getFirst();
            for (int i = 0; i < PROCESSES; i++) {
                members.add(start(i, bootstrap, model, gguf));
            }
            List<Integer> victims = new ArrayList<>(List.of(0, 1, 2, 3));
            Collections.shuffle(victims, random);
            for (int victim : victims.subList(0, KILLS)) {
                // the seeder says nothing of pieces: when one of the others has some
                SwarmMember shows = members.get(victim == 0 ? 1 + random.nextInt(3) : victim);
                int after = shows.pieces.get() + 2 + random.nextInt(pieces / 3);
                shows.awaitPieces(after);
                members.get(victim).kill();
                members.set(victim, start(victim, bootstrap, model, gguf));
            }
            for (SwarmMember member : members) {
                assertThat(member.awaitComplete()).isTrue();
            }
            for (int victim : victims.subList(0, KILLS)) {
                if (victim != 0) {
                    assertThat(members.get(victim).resumed.get()).isPositive();
                }
            }
            for (int i = 1; i < PROCESSES; i++) {
                assertThat(Files.mismatch(gguf, folder.resolve("process" + i).resolve("model.gguf")))
                        .isEqualTo(-1);
            }
        } finally {
            members.forEach(SwarmMember::close);
        }
    }

    /** The first has the file; the others have nothing, and no file of that name. */
    private SwarmMember start(int index, Multiaddr bootstrap, String model, Path gguf) throws Exception {
        Path own = folder.resolve("process" + index);
        return SwarmMember.start(own, bootstrap, model, index == 0 ? gguf : own.resolve("none"));
    }
}
