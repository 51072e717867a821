package io.infergrid.app.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.app.core.Sharing;
import io.infergrid.app.paths.Home;
import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.grid.GridListener;
import io.infergrid.grid.GridNodeConfig;
import io.infergrid.grid.Role;
import io.infergrid.libp2p.Multiaddr;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class OpenNodeTest {

    private static final String PEER =
            "/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWBfhh2tPvqEFEjQn4EHGxdAAkEwoNBxqrVbfA3H7XSiy8";

    @TempDir
    Path folder;

    @Test
    void a_rig_that_keeps_to_this_computer_listens_to_nobody_else_and_looks_for_nobody() {
        var ways = OpenNode.Ways.of(Sharing.DEFAULT.but(draft -> {
            draft.join = List.of(PEER);
            draft.upMiBps = 2;
        }));
        assertThat(ways.beyond()).isFalse();
        assertThat(ways.join()).isEmpty();
        assertThat(ways.mdns() || ways.dht() || ways.quic()).isFalse();
        assertThat(ways.reach()).isEqualTo(GridNodeConfig.Reach.OFF);
        assertThat(ways.shares().upBytesPerSecond()).isEqualTo(2 << 20);
    }

    @Test
    void an_open_rig_does_what_was_set_and_nothing_else() {
        var all = OpenNode.Ways.of(Sharing.DEFAULT.but(draft -> {
            draft.open = true;
            draft.port = 4001;
            draft.join = List.of(PEER);
            draft.diskGiB = 3;
            draft.seedGiB = 1;
        }));
        assertThat(all.listen()).contains(Multiaddr.parse("/ip4/0.0.0.0/tcp/4001"));
        assertThat(all.join()).containsExactly(Multiaddr.parse(PEER));
        assertThat(all.mdns() && all.dht() && all.quic()).isTrue();
        assertThat(all.reach()).isEqualTo(new GridNodeConfig.Reach(true, true, true));
        assertThat(all.shares().diskBytes()).isEqualTo(3L << 30);
        assertThat(all.shares().seedBytes()).isEqualTo(1L << 30);
        var few = OpenNode.Ways.of(Sharing.DEFAULT.but(draft -> {
            draft.open = true;
            draft.mdns = false;
            draft.dht = false;
            draft.quic = false;
            draft.relays = false;
            draft.portMapping = false;
        }));
        assertThat(few.mdns() || few.dht() || few.quic()).isFalse();
        assertThat(few.reach()).isEqualTo(new GridNodeConfig.Reach(true, false, false));
    }

    private OpenNode start(Sharing sharing) throws IOException {
        var ways = OpenNode.Ways.of(sharing);
        return OpenNode.start(
                Home.under(folder).create(),
                ways,
                "test",
                GridNodeConfig.defaults(folder.resolve("shards"), Set.of(Role.SEEDER), ways.join()),
                new CpuBackend(1),
                Clock.systemUTC(),
                new Random(1),
                new GridListener() {});
    }

    private static Sharing open(int port) {
        return Sharing.DEFAULT.but(draft -> {
            draft.open = true;
            draft.port = port;
            draft.mdns = false;
            draft.portMapping = false;
        });
    }

    @Test
    void an_open_node_finds_out_how_it_is_reached_and_its_workers_reach_it_on_this_computer() throws IOException {
        try (var node = start(open(0))) {
            assertThat(node.localAddress()).startsWith("/ip4/127.0.0.1/tcp/");
            assertThat(node.node().reachability()).isPresent();
        }
        try (var node = start(Sharing.DEFAULT)) {
            assertThat(node.node().reachability()).isEmpty();
            assertThat(node.node().snapshot().addresses()).allMatch(address -> address.startsWith("/ip4/127.0.0.1/"));
        }
    }

    @Test
    void a_port_that_is_taken_is_an_error_with_the_next_step_and_leaves_nothing_open() throws IOException {
        try (var other = new ServerSocket(0, 1, InetAddress.getByName("0.0.0.0"))) {
            for (int i = 0; i < 2; i++) { // the second time shows that the address book of the first was closed
                assertThatThrownBy(() -> start(open(other.getLocalPort())))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("choose another one in the settings");
            }
        }
    }
}
