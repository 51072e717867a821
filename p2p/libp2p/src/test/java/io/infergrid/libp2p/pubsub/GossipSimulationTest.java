package io.infergrid.libp2p.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.PeerId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The protocol at the size of a network, in virtual time. {@code main} does the same with a thousand nodes and prints what came out. */
final class GossipSimulationTest {

    private static final ScoreParameters SCORE = ScoreParameters.DEFAULT;

    /** A peer of the mesh that delivers nothing for a while is worse than none. */
    private static final TopicScore DEMANDING = new TopicScore(
            1,
            new TopicScore.TimeInMesh(0.01, Duration.ofSeconds(1), 300),
            new TopicScore.First(0.5, 0.98, 100),
            new TopicScore.Deliveries(-1, 0.95, 100, 3, Duration.ofSeconds(1), Duration.ofSeconds(15)),
            new TopicScore.Failures(-1, 0.95),
            new TopicScore.Invalid(-10, 0.97));

    @Test
    void everyone_hears_everything_in_few_hops() {
        var network = calm(200, 1);
        assertThat(network.deliveryRatio()).isEqualTo(1.0);
        assertThat(network.meanHops()).isLessThan(4);
        assertThat(network.maxHops()).isLessThanOrEqualTo(10);
        assertThat(network.duplicates())
                .isLessThan(GossipParameters.DEFAULT.mesh().high());
        network.nodes
                .values()
                .forEach(node -> assertThat(node.mesh().size())
                        .isBetween(
                                GossipParameters.DEFAULT.mesh().low(),
                                GossipParameters.DEFAULT.mesh().high()));
    }

    @Test
    void the_same_seed_gives_the_same_network() {
        assertThat(summary(calm(60, 7))).isEqualTo(summary(calm(60, 7)));
    }

    @Test
    void nearly_everyone_hears_everything_while_a_third_of_the_nodes_come_and_go() {
        var network = churn(200, 2);
        assertThat(network.deliveryRatio()).isGreaterThan(0.99);
    }

    @Test
    void sybils_that_swallow_messages_lose_their_links() {
        var network = sybils(100, 3);
        assertThat(network.deliveryRatio()).isGreaterThan(0.99);
        assertThat(network.dishonestLinks()).isLessThan(0.1);
    }

    @Test
    void spammers_are_graylisted_and_reported_and_stop_nobody() {
        var network = spam(100, 4);
        assertThat(network.deliveryRatio()).isGreaterThan(0.999);
        int spammers = 0;
        for (var spammer : network.nodes.values()) {
            if (spammer.honest) {
                continue;
            }
            spammers++;
            for (PeerId victim : spammer.links.keySet()) {
                var node = network.nodes.get(victim);
                if (node != null && node.honest) {
                    assertThat(node.router.score(spammer.id))
                            .isLessThan(SCORE.thresholds().gossip());
                    assertThat(node.reports).containsKey(spammer.id);
                    assertThat(node.count(GossipEvent.GRAYLISTED)).isPositive();
                    assertThat(node.mesh()).doesNotContain(spammer.id);
                }
            }
        }
        assertThat(spammers).isEqualTo(10);
    }

    @Test
    void a_node_with_one_link_finds_others_by_peer_exchange() {
        var how = GossipParameters.DEFAULT.withPeerExchange(true);
        var trusting = SCORE.withThresholds(new ScoreParameters.Thresholds(-10, -50, -80, 0, 5));
        var network = new SimulatedNetwork(5, how, trusting, TopicOptions.DEFAULT);
        var center = network.add();
        for (int i = 0; i < 40; i++) {
            network.connect(network.add(), center); // a star: the mesh of the center overflows
        }
        network.run(Duration.ofSeconds(90));
        long connected = network.nodes.values().stream()
                .filter(node -> node.links.size() > 1)
                .count();
        assertThat(connected).isGreaterThan(30);
        for (int i = 0; i < 10; i++) {
            network.any(true).publish(100);
            network.run(Duration.ofSeconds(1));
        }
        network.run(Duration.ofSeconds(10));
        assertThat(network.deliveryRatio()).isEqualTo(1.0);
    }

    private static SimulatedNetwork calm(int nodes, long seed) {
        var network = new SimulatedNetwork(seed, GossipParameters.DEFAULT, SCORE, TopicOptions.DEFAULT);
        network.grow(nodes, 10);
        network.run(Duration.ofSeconds(5));
        publish(network, 20);
        return network;
    }

    private static void publish(SimulatedNetwork network, int messages) {
        for (int i = 0; i < messages; i++) {
            network.any(true).publish(i % 4 == 0 ? 4000 : 200);
            network.run(Duration.ofMillis(250));
        }
        network.run(Duration.ofSeconds(10));
    }

    private static SimulatedNetwork churn(int nodes, long seed) {
        var network = new SimulatedNetwork(seed, GossipParameters.DEFAULT, SCORE, TopicOptions.DEFAULT);
        network.grow(nodes, 10);
        network.run(Duration.ofSeconds(5));
        for (int i = 0; i < nodes / 3; i++) {
            network.stop(network.any(true));
            network.grow(1, 10);
            if (i % 3 == 0) {
                network.any(true).publish(200);
            }
            network.run(Duration.ofMillis(300));
        }
        network.run(Duration.ofSeconds(10));
        return network;
    }

    /** As many sybils as honest nodes, each with more links than those; they take everything and pass on nothing. */
    private static SimulatedNetwork sybils(int nodes, long seed) {
        var network =
                new SimulatedNetwork(seed, GossipParameters.DEFAULT, SCORE, TopicOptions.DEFAULT.withScore(DEMANDING));
        network.grow(nodes, 10);
        var honest = List.copyOf(network.nodes.values());
        for (int i = 0; i < nodes; i++) {
            var sybil = network.add();
            sybil.honest = false;
            sybil.passesMessages = false;
            for (int link = 0; link < 20; link++) {
                network.connect(sybil, honest.get(network.random.nextInt(honest.size())));
            }
        }
        for (int i = 0; i < 120; i++) { // two minutes in which the network finds out
            network.any(true).publish(200);
            network.run(Duration.ofMillis(500));
            network.any(true).publish(200);
            network.run(Duration.ofMillis(500));
        }
        network.sent.clear();
        publish(network, 40);
        return network;
    }

    private static SimulatedNetwork spam(int nodes, long seed) {
        var network = new SimulatedNetwork(seed, GossipParameters.DEFAULT, SCORE, TopicOptions.DEFAULT);
        network.grow(nodes, 10);
        var honest = List.copyOf(network.nodes.values());
        for (int i = 0; i < 10; i++) {
            var spammer = network.add();
            spammer.honest = false;
            for (int link = 0; link < 20; link++) {
                network.connect(spammer, honest.get(network.random.nextInt(honest.size())));
            }
        }
        network.run(Duration.ofSeconds(3));
        for (int i = 0; i < 40; i++) {
            int round = i;
            for (var spammer : network.nodes.values()) {
                if (!spammer.honest) {
                    spammer.links.keySet().forEach(victim -> flood(network, spammer, victim, round));
                }
            }
            network.any(true).publish(200);
            network.run(Duration.ofMillis(250));
        }
        network.run(Duration.ofSeconds(5));
        return network;
    }

    private static void flood(SimulatedNetwork network, SimulatedNetwork.Node spammer, PeerId victim, int round) {
        var none = List.<List<MessageId>>of();
        var rpc = switch (round % 3) {
            case 0 -> Rpc.of(spammer.message(SimulatedNetwork.FORGED, 100));
            case 1 -> Rpc.of(spammer.message(SimulatedNetwork.UNWANTED, 100));
            default -> {
                var ids = new ArrayList<MessageId>();
                for (int i = 0; i < 100; i++) {
                    var bytes = new byte[16];
                    network.random.nextBytes(bytes);
                    ids.add(new MessageId(bytes));
                }
                yield new Rpc(
                        List.of(),
                        List.of(),
                        List.of(new Rpc.IHave(SimulatedNetwork.TOPIC, ids)),
                        none,
                        List.of(SimulatedNetwork.TOPIC),
                        List.of(),
                        none);
            }
        };
        spammer.inject(victim, rpc);
    }

    private static String summary(SimulatedNetwork network) {
        return String.format(
                Locale.ROOT,
                "delivered %.5f, hops %.2f (most %d), ms p50 %d p99 %d, copies beside the first %.2f, links to dishonest %.3f",
                network.deliveryRatio(),
                network.meanHops(),
                network.maxHops(),
                network.percentileMillis(0.5),
                network.percentileMillis(0.99),
                network.duplicates(),
                network.dishonestLinks());
    }

    /** {@code nodes}, 1000 unless told. */
    public static void main(String[] arguments) {
        int nodes = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1000;
        System.out.println("calm:   " + summary(calm(nodes, 1)));
        System.out.println("churn:  " + summary(churn(nodes, 2)));
        System.out.println("sybils: " + summary(sybils(nodes / 2, 3)));
        System.out.println("spam:   " + summary(spam(nodes, 4)));
    }
}
