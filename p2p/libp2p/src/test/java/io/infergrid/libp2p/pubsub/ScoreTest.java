package io.infergrid.libp2p.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.net.InetAddress;
import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** The terms of the score against the formulas of the specification, written out here a second time. */
final class ScoreTest {

    private static final String TOPIC = "/t";
    private static final long SECOND = 1_000_000_000L;
    private static final TopicScore TERMS = new TopicScore(
            0.5,
            new TopicScore.TimeInMesh(0.1, Duration.ofSeconds(2), 30),
            new TopicScore.First(2, 0.9, 20),
            new TopicScore.Deliveries(-1.5, 0.8, 50, 10, Duration.ofMillis(20), Duration.ofSeconds(5)),
            new TopicScore.Failures(-0.7, 0.6),
            new TopicScore.Invalid(-3, 0.5));
    private static final ScoreParameters GLOBAL = new ScoreParameters(
            12,
            3,
            new ScoreParameters.Colocation(-2, 2),
            new ScoreParameters.Behaviour(-4, 1, 0.9),
            Duration.ofSeconds(1),
            0.01,
            Duration.ofMinutes(10),
            new ScoreParameters.Thresholds(-10, -50, -80, 10, 5));

    private final PeerId peer = PrivateKey.generate().peerId();
    private final ScoreBook book = new ScoreBook(GLOBAL, 4, _ -> 0);

    @Property(tries = 300)
    void a_topic_is_the_weighted_sum_of_its_five_terms(
            @ForAll @LongRange(min = 0, max = 200) long meshSeconds,
            @ForAll @DoubleRange(min = 0, max = 20) double first,
            @ForAll @DoubleRange(min = 0, max = 50) double deliveries,
            @ForAll @DoubleRange(min = 0, max = 100) double failures,
            @ForAll @IntRange(min = 0, max = 20) int invalid,
            @ForAll boolean inMesh) {
        var counters = new Score.Counters();
        counters.inMesh = inMesh;
        counters.meshNanos = meshSeconds * SECOND;
        counters.active = inMesh && meshSeconds > 5;
        counters.first = first;
        counters.deliveries = deliveries;
        counters.failures = failures;
        counters.invalid = invalid;

        double p1 = inMesh ? Math.min(meshSeconds / 2, 30) : 0;
        double deficit = inMesh && meshSeconds > 5 && deliveries < 10 ? 10 - deliveries : 0;
        double expected =
                0.5 * (0.1 * p1 + 2 * first + -1.5 * deficit * deficit + -0.7 * failures + -3.0 * invalid * invalid);
        assertThat(Score.topic(TERMS, counters)).isCloseTo(expected, within(1e-9));
    }

    @Property(tries = 300)
    void the_score_caps_the_topics_and_adds_application_colocation_and_behaviour(
            @ForAll @DoubleRange(min = -100, max = 100) double topics,
            @ForAll @DoubleRange(min = -10, max = 10) double application,
            @ForAll @IntRange(min = 1, max = 20) int sharing,
            @ForAll @DoubleRange(min = 0, max = 20) double breaches) {
        double surplus = sharing > 2 ? sharing - 2 : 0;
        double excess = breaches > 1 ? breaches - 1 : 0;
        double expected = Math.min(12, topics) + 3 * application - 2 * surplus * surplus - 4 * excess * excess;
        assertThat(Score.total(GLOBAL, topics, application, sharing, breaches)).isCloseTo(expected, within(1e-9));
    }

    @Test
    void counters_decay_by_their_factors_and_end_at_zero() {
        assertThat(Score.decayed(120, 0.97, 0.01)).isCloseTo(116.4, within(1e-9));
        assertThat(Score.decayed(0.0105, 0.9, 0.01)).isZero();
    }

    @Test
    void time_in_the_mesh_counts_in_whole_quanta_up_to_the_cap() {
        joined();
        book.grafted(peer, TOPIC, 0);
        book.decay(5 * SECOND);
        assertThat(book.score(peer)).isCloseTo(0.5 * 0.1 * 2, within(1e-9));
        for (int i = 0; i < 10; i++) { // so that it owes no deliveries
            book.delivered(delivery(5 * SECOND), TOPIC);
        }
        book.decay(1000 * SECOND);
        double first = 10 * 0.9; // after one decay
        double deficit = 10 - 10 * 0.8;
        assertThat(book.score(peer)).isCloseTo(0.5 * (0.1 * 30 + 2 * first - 1.5 * deficit * deficit), within(1e-9));
    }

    @Test
    void a_first_delivery_gains_up_to_the_cap() {
        joined();
        for (int i = 0; i < 5; i++) {
            book.delivered(delivery(0), TOPIC);
        }
        assertThat(book.score(peer)).isCloseTo(0.5 * 2 * 5, within(1e-9));
        for (int i = 0; i < 500; i++) {
            book.delivered(delivery(0), TOPIC);
        }
        assertThat(book.score(peer)).isEqualTo(12.0); // 0.5 * 2 * 20, and then the cap of all topics
    }

    @Test
    void a_mesh_peer_that_delivers_too_little_loses_and_keeps_the_loss_when_it_is_pruned() {
        joined();
        book.grafted(peer, TOPIC, 0);
        book.decay(4 * SECOND);
        assertThat(book.score(peer)).isPositive(); // not active yet
        book.decay(6 * SECOND);
        assertThat(book.score(peer)).isCloseTo(0.5 * (0.1 * 3 - 1.5 * 100), within(1e-9));
        book.pruned(peer, TOPIC);
        assertThat(book.score(peer)).isCloseTo(0.5 * -0.7 * 100, within(1e-9));
        book.decay(7 * SECOND);
        assertThat(book.score(peer)).isCloseTo(0.5 * -0.7 * 60, within(1e-9));
    }

    @Test
    void copies_count_as_deliveries_within_the_window_only_and_once_a_peer() {
        joined();
        var other = PrivateKey.generate().peerId();
        book.connected(other, null);
        book.grafted(other, TOPIC, 0);
        book.decay(6 * SECOND);
        double none = book.score(other);
        var message = delivery(6 * SECOND);
        assertThat(book.duplicate(other, message, TOPIC, 6 * SECOND + 30_000_000))
                .isFalse();
        assertThat(book.score(other)).isEqualTo(none);
        var another = delivery(6 * SECOND);
        assertThat(book.duplicate(other, another, TOPIC, 6 * SECOND + 10_000_000))
                .isFalse();
        double one = book.score(other);
        assertThat(one).isGreaterThan(none);
        assertThat(book.duplicate(other, another, TOPIC, 6 * SECOND + 10_000_000))
                .isTrue();
        assertThat(book.score(other)).isEqualTo(one);
    }

    @Test
    void invalid_messages_cost_their_square_and_so_do_breaches() {
        joined();
        for (int i = 0; i < 4; i++) {
            book.invalid(peer, TOPIC);
        }
        assertThat(book.score(peer)).isCloseTo(0.5 * -3 * 16, within(1e-9));
        book.breach(peer, 3);
        assertThat(book.score(peer)).isCloseTo(0.5 * -3 * 16 - 4 * 4, within(1e-9));
    }

    @Test
    void peers_that_share_an_address_lose_except_on_loopback() throws Exception {
        var address = InetAddress.getByName("203.0.113.9");
        for (int i = 0; i < 4; i++) {
            book.connected(PrivateKey.generate().peerId(), address);
        }
        book.connected(peer, address);
        assertThat(book.score(peer)).isEqualTo(-2.0 * 9);
        book.disconnected(peer, 0);
        for (int i = 0; i < 10; i++) {
            book.connected(PrivateKey.generate().peerId(), InetAddress.getLoopbackAddress());
        }
        book.connected(peer, InetAddress.getLoopbackAddress());
        assertThat(book.score(peer)).isZero();
    }

    @Test
    void the_score_of_a_peer_that_is_gone_is_kept_for_a_while_and_only_of_so_many() {
        joined();
        book.breach(peer, 5);
        book.disconnected(peer, 0);
        assertThat(book.score(peer)).isEqualTo(-4.0 * 16);
        book.connected(peer, null);
        assertThat(book.score(peer)).isEqualTo(-4.0 * 16); // coming back does not help
        book.disconnected(peer, 0);
        book.decay(Duration.ofMinutes(9).toNanos());
        assertThat(book.score(peer)).isNegative();
        book.decay(Duration.ofMinutes(11).toNanos());
        assertThat(book.score(peer)).isZero();
        for (int i = 0; i < 100; i++) {
            var stranger = PrivateKey.fromSeed(seed(i)).peerId();
            book.connected(stranger, null);
            book.disconnected(stranger, 0);
        }
        assertThat(book.retained()).isEqualTo(4);
    }

    @Test
    void the_application_has_a_say() {
        var judged = new ScoreBook(GLOBAL, 4, who -> who.equals(peer) ? -7 : 0);
        judged.connected(peer, null);
        assertThat(judged.score(peer)).isEqualTo(-21.0);
    }

    @Test
    void one_thing_that_no_honest_peer_does_is_enough_to_be_graylisted() {
        joined();
        book.graylist(peer);
        assertThat(book.score(peer)).isLessThan(GLOBAL.thresholds().graylist());
    }

    private void joined() {
        book.judge(TOPIC, TERMS);
        book.connected(peer, null);
    }

    private ScoreBook.Delivery delivery(long at) {
        var delivery = new ScoreBook.Delivery(ScoreBook.Delivery.Status.VALID, at);
        delivery.peers.add(peer);
        return delivery;
    }

    private static byte[] seed(int i) {
        var seed = new byte[32];
        seed[0] = (byte) i;
        return seed;
    }
}
