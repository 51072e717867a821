package io.infergrid.grid.announce;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.Role;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.pubsub.Gossipsub;
import io.infergrid.libp2p.pubsub.TopicOptions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Announcements over gossip on real hosts: who hears them, and what is not passed on. */
final class BroadcastTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration PERIOD = Duration.ofSeconds(60);

    private final List<AutoCloseable> open = new ArrayList<>();
    private final GridMetrics metrics = new GridMetrics();
    private final List<Announcement> heard = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (var one : open.reversed()) {
            one.close();
        }
    }

    private Host host(boolean listening) throws Exception {
        var builder = new HostBuilder();
        if (listening) {
            builder.listen("/ip4/127.0.0.1/tcp/0");
        }
        var host = builder.start();
        open.add(host);
        return host;
    }

    private Broadcast broadcast(Host host, GridMetrics counts, List<Announcement> to) {
        var broadcast = new Broadcast(host, PERIOD, Clock.systemUTC(), new Random(1), to::add, counts);
        open.add(broadcast);
        return broadcast;
    }

    private static Announcement announcement(PeerId node) {
        return new Announcement(node, List.of(), Set.of(Role.WORKER), "cpu", "IG1", "", PERIOD, 1, List.of())
                .said(System.currentTimeMillis());
    }

    @Test
    void a_node_hears_of_one_that_it_is_not_connected_to() throws Exception {
        var middle = host(true);
        var left = host(false); // neither can be dialled, so only the middle is connected to both
        var right = host(false);
        var all = broadcast(middle, new GridMetrics(), new CopyOnWriteArrayList<>());
        broadcast(left, metrics, heard);
        var speaking = broadcast(right, new GridMetrics(), new CopyOnWriteArrayList<>());
        left.connect(middle.peerId(), middle.addresses(), LIMIT);
        right.connect(middle.peerId(), middle.addresses(), LIMIT);
        await(() -> all.listeners().size() == 2 && speaking.listeners().size() == 1);
        var said = announcement(right.peerId());
        assertThat(speaking.say(said)).isTrue();
        await(() -> !heard.isEmpty());
        assertThat(heard).containsExactly(said);
        assertThat(left.connection(right.peerId())).isEmpty();
    }

    @Test
    void what_a_signer_says_of_another_or_not_lately_or_too_often_is_not_passed_on() throws Exception {
        var listening = host(true);
        var hostile = host(false);
        broadcast(listening, metrics, heard);
        var gossip = Gossipsub.on(hostile).start();
        open.add(gossip);
        gossip.subscribe(Broadcast.TOPIC, TopicOptions.DEFAULT, _ -> {});
        hostile.connect(listening.peerId(), listening.addresses(), LIMIT);
        await(() -> gossip.listening(Broadcast.TOPIC).size() == 1);

        var stale = announcement(hostile.peerId())
                .said(System.currentTimeMillis() - Duration.ofMinutes(10).toMillis());
        gossip.publish(Broadcast.TOPIC, Broadcast.encode(stale));
        await(() -> metrics.value("announce.stale") == 1);
        for (int i = 0; i < 9; i++) { // eight at once are allowed for
            gossip.publish(Broadcast.TOPIC, Broadcast.encode(announcement(hostile.peerId())));
        }
        await(() -> metrics.value("announce.flood") == 1);
        await(() -> heard.size() == 8);
        gossip.publish(
                Broadcast.TOPIC, Broadcast.encode(announcement(host(false).peerId())));
        await(() -> metrics.value("announce.bad") == 1);
        gossip.publish(Broadcast.TOPIC, new byte[Broadcast.MAX_BYTES + 1]);
        await(() -> metrics.value("announce.bad") == 2);
        assertThat(heard).hasSize(8);
        // it is graylisted by now, and nothing of it is looked at
        gossip.publish(Broadcast.TOPIC, new byte[1]);
        gossip.publish(Broadcast.TOPIC, new byte[2]);
        await(() -> listening.counters().of(io.infergrid.libp2p.Event.GOSSIP_INVALID) >= 3);
    }

    @Test
    void a_node_itself_says_no_more_than_others_let_it() throws Exception {
        var host = host(false);
        var broadcast = broadcast(host, new GridMetrics(), heard);
        int said = 0;
        for (int i = 0; i < 20; i++) {
            said += broadcast.say(announcement(host.peerId())) ? 1 : 0;
        }
        assertThat(said).isEqualTo(4);
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time is up").isLessThan(deadline);
            Thread.onSpinWait();
            Thread.yield();
        }
    }
}
