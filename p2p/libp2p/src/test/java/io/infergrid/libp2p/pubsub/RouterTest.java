package io.infergrid.libp2p.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** One router and the peers around it, which say what the test wants: the rules of the protocol, and each limit with someone who crosses it. */
final class RouterTest implements Outlet {

    private static final String TOPIC = "/t";
    private static final GossipLimits LIMITS = GossipLimits.DEFAULT;
    private static final GossipParameters.Mesh MESH = GossipParameters.DEFAULT.mesh();
    private static final long SECOND = 1_000_000_000L;

    private final Map<PeerId, List<Rpc>> sent = new HashMap<>();
    private final ArrayDeque<Pending> verifying = new ArrayDeque<>();
    private final List<Message> delivered = new ArrayList<>();
    private final List<Rpc.ExchangedPeer> dials = new ArrayList<>();
    private final List<PeerId> reconnects = new ArrayList<>();
    private final Map<PeerId, List<Event>> reports = new HashMap<>();
    private final Map<GossipEvent, Long> counts = new EnumMap<>(GossipEvent.class);
    private boolean room = true;
    private long now = 100 * SECOND;
    private int keys;
    private Router router = router(GossipParameters.DEFAULT, SignaturePolicy.STRICT_SIGN, Set.of());

    private Router router(GossipParameters how, SignaturePolicy policy, Set<PeerId> explicit) {
        var setup = new Router.Setup(key(255).peerId(), policy, Message::defaultId, how, LIMITS, explicit);
        var scores = new ScoreBook(ScoreParameters.DEFAULT, LIMITS.memory().retainedScores(), _ -> 0);
        return new Router(setup, ScoreParameters.DEFAULT, scores, this, new Random(1), now);
    }

    // ---- joining, meshes, leaving ----

    @Test
    void a_new_peer_hears_of_our_topics_and_is_grafted_once_it_listens_too() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        assertThat(last(peer).subscriptions()).containsExactly(new Rpc.Subscription(true, TOPIC));
        subscribe(peer);
        assertThat(last(peer).graft()).containsExactly(TOPIC);
        assertThat(router.mesh(TOPIC)).containsExactly(peer);
    }

    @Test
    void joining_grafts_as_many_as_wanted_and_leaving_prunes_them_with_the_short_backoff() {
        var peers = IntStream.range(0, 20).mapToObj(_ -> peer()).toList();
        peers.forEach(this::subscribe);
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var mesh = router.mesh(TOPIC);
        assertThat(mesh).hasSize(MESH.wanted());
        router.leave(TOPIC, now);
        assertThat(router.mesh(TOPIC)).isEmpty();
        for (var peer : mesh) {
            assertThat(last(peer).prune()).extracting(Rpc.Prune::backoffSeconds).containsExactly(10L);
            assertThat(last(peer).subscriptions()).containsExactly(new Rpc.Subscription(false, TOPIC));
        }
        router.join(TOPIC, TopicOptions.DEFAULT, now + SECOND);
        assertThat(router.mesh(TOPIC)).doesNotContainAnyElementsOf(mesh);
    }

    @Test
    void a_mesh_that_is_too_large_is_cut_to_the_wanted_size_and_keeps_dialled_peers() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var dialled = List.of(peer(true), peer(true), peer(true));
        var others = IntStream.range(0, 15).mapToObj(_ -> peer()).toList();
        others.forEach(this::subscribe);
        others.forEach(this::graft);
        dialled.forEach(this::subscribe);
        dialled.forEach(this::graft); // which is above D_hi, and allowed to those that we dialled
        assertThat(router.mesh(TOPIC)).hasSize(MESH.high() + 3).containsAll(dialled);
        router.heartbeat(now += SECOND);
        assertThat(router.mesh(TOPIC)).hasSize(MESH.wanted());
        assertThat(router.mesh(TOPIC)).filteredOn(dialled::contains).hasSizeGreaterThanOrEqualTo(MESH.outbound());
    }

    @Test
    void a_peer_that_grafts_a_full_mesh_is_refused_and_told_of_others_if_it_has_a_standing() {
        router = router(GossipParameters.DEFAULT.withPeerExchange(true), SignaturePolicy.STRICT_SIGN, Set.of());
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var full = IntStream.range(0, MESH.high()).mapToObj(_ -> peer()).toList();
        full.forEach(this::subscribe);
        full.forEach(this::graft);
        var late = peer();
        subscribe(late);
        graft(late);
        assertThat(router.mesh(TOPIC)).doesNotContain(late);
        var prune = last(late).prune().getFirst();
        assertThat(prune.backoffSeconds()).isEqualTo(60);
        assertThat(prune.peers()).hasSize(MESH.high());
        assertThat(LIMITS.elements().exchangedPeers())
                .isGreaterThanOrEqualTo(prune.peers().size());
    }

    @Test
    void a_peer_of_the_first_version_gets_neither_backoff_nor_peers_nor_idontwant() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var old = key(keys++).peerId();
        router.connected(old, Version.V1_0, false, null);
        subscribe(old);
        var newer = peer();
        subscribe(newer);
        receive(newer, Rpc.of(message(9, 1, 5000)));
        verify(Pending.Outcome.GOOD);
        assertThat(all(old).stream().flatMap(rpc -> rpc.idontwant().stream())).isEmpty();
        assertThat(all(old).stream().flatMap(rpc -> rpc.messages().stream())).hasSize(1);
        router.leave(TOPIC, now);
        assertThat(last(old).prune()).containsExactly(new Rpc.Prune(TOPIC, List.of(), 0));
    }

    @Test
    void a_graft_in_the_backoff_is_refused_and_costs_score() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        subscribe(peer);
        receive(peer, prune(60));
        assertThat(router.mesh(TOPIC)).isEmpty();
        for (int i = 0; i < 5; i++) {
            graft(peer);
            assertThat(last(peer).prune()).hasSize(1);
            assertThat(last(peer).prune().getFirst().peers()).isEmpty();
        }
        assertThat(counts).containsEntry(GossipEvent.EARLY_GRAFT, 5L);
        assertThat(router.score(peer)).isNegative();
        assertThat(reports.get(peer)).contains(Event.GOSSIP_FLOOD);
    }

    @Test
    void we_do_not_graft_in_the_backoff_and_do_after_it() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        subscribe(peer);
        receive(peer, prune(30));
        for (int i = 0; i < 29; i++) {
            router.heartbeat(now += SECOND);
            assertThat(router.mesh(TOPIC)).isEmpty();
        }
        router.heartbeat(now += 2 * SECOND);
        assertThat(router.mesh(TOPIC)).containsExactly(peer);
    }

    @Test
    void a_backoff_is_clamped_to_between_a_second_and_an_hour() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        subscribe(peer);
        receive(peer, prune(Long.MAX_VALUE));
        router.heartbeat(now += Duration.ofMinutes(59).toNanos());
        assertThat(router.mesh(TOPIC)).isEmpty();
        router.heartbeat(now += Duration.ofMinutes(2).toNanos());
        assertThat(router.mesh(TOPIC)).containsExactly(peer);
    }

    @Test
    void a_graft_for_a_topic_that_either_side_does_not_listen_to_gets_no_answer() {
        var peer = peer();
        receive(peer, graftRpc());
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        sent.clear();
        receive(peer, graftRpc()); // it never said that it listens
        assertThat(sent).isEmpty();
        assertThat(router.mesh(TOPIC)).isEmpty();
    }

    @Test
    void an_explicit_peer_is_in_no_mesh_gets_everything_and_is_dialled_again() {
        var friend = key(200).peerId();
        router = router(GossipParameters.DEFAULT, SignaturePolicy.STRICT_SIGN, Set.of(friend));
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        router.heartbeat(now);
        assertThat(reconnects).containsExactly(friend);
        router.connected(friend, Version.V1_2, false, null);
        subscribe(friend);
        graft(friend);
        assertThat(last(friend).prune()).hasSize(1);
        var other = peer();
        subscribe(other);
        receive(other, Rpc.of(message(9, 1, 10)));
        verify(Pending.Outcome.GOOD);
        assertThat(last(friend).messages()).hasSize(1);
        for (int i = 0; i < 50; i++) {
            router.malformed(friend);
        }
        assertThat(router.graylisted(friend)).isFalse();
    }

    @Test
    void peers_with_a_negative_score_leave_the_mesh_at_the_heartbeat() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        subscribe(peer);
        receive(peer, Rpc.of(message(9, 1, 10)));
        verify(Pending.Outcome.REJECTED);
        assertThat(router.score(peer)).isNegative();
        router.heartbeat(now += SECOND);
        assertThat(router.mesh(TOPIC)).isEmpty();
    }

    @Test
    void a_poor_mesh_is_joined_by_better_peers_once_a_minute() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var mesh = IntStream.range(0, MESH.wanted()).mapToObj(_ -> peer()).toList();
        mesh.forEach(this::subscribe);
        router.heartbeat(now += SECOND);
        var better = peer();
        subscribe(better);
        for (int i = 0; i < 30; i++) {
            receive(better, Rpc.of(message(9, i, 10)));
            verify(Pending.Outcome.GOOD);
        }
        assertThat(router.mesh(TOPIC)).doesNotContain(better);
        router.heartbeat(now += Duration.ofSeconds(61).toNanos());
        assertThat(router.mesh(TOPIC)).contains(better);
    }

    // ---- messages ----

    @Test
    void a_good_message_is_delivered_once_and_passed_on_to_all_but_author_and_senders() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peers = IntStream.range(0, 4).mapToObj(_ -> peer()).toList();
        peers.forEach(this::subscribe);
        sent.clear();
        var message = message(9, 1, 10);
        receive(peers.get(0), Rpc.of(message));
        receive(peers.get(1), Rpc.of(message));
        assertThat(verifying).hasSize(1);
        verify(Pending.Outcome.GOOD);
        receive(peers.get(2), Rpc.of(message));
        assertThat(delivered).containsExactly(message);
        assertThat(sent.keySet()).containsExactlyInAnyOrder(peers.get(2), peers.get(3));
        assertThat(counts).containsEntry(GossipEvent.DUPLICATE, 2L);
    }

    @Test
    void a_forged_copy_costs_its_sender_and_does_not_keep_the_real_one_out() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var forger = peer();
        var honest = peer();
        List.of(forger, honest).forEach(this::subscribe);
        var real = message(9, 1, 10);
        var forged = Message.of(real.author(), new byte[10], number(1), TOPIC, new byte[64]);
        receive(forger, Rpc.of(forged));
        receive(honest, Rpc.of(real));
        assertThat(verifying).hasSize(2);
        verify(Pending.Outcome.FORGED);
        verify(Pending.Outcome.GOOD);
        assertThat(delivered).containsExactly(real);
        assertThat(router.score(forger)).isNegative();
        assertThat(router.score(honest)).isPositive();
        assertThat(reports.get(forger)).containsExactly(Event.GOSSIP_INVALID);
    }

    @Test
    void only_a_few_forgeries_of_one_id_are_looked_at() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var forger = peer();
        for (int i = 0; i < 100; i++) {
            receive(forger, Rpc.of(Message.of(key(9).peerId(), new byte[] {(byte) i}, number(1), TOPIC, new byte[64])));
        }
        assertThat(verifying).hasSize(4);
    }

    @Test
    void fields_that_do_not_follow_the_policy_cost_score_without_a_look_at_the_signature() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        receive(peer, Rpc.of(Message.unsigned(TOPIC, new byte[1])));
        receive(peer, Rpc.of(Message.of(key(9).peerId(), new byte[1], new byte[4], TOPIC, new byte[64])));
        assertThat(verifying).isEmpty();
        assertThat(counts).containsEntry(GossipEvent.BAD_SIGNATURE, 2L);
        assertThat(router.score(peer)).isNegative();
    }

    @Test
    void without_signatures_a_signed_message_is_the_wrong_one() {
        router = router(GossipParameters.DEFAULT, SignaturePolicy.STRICT_NO_SIGN, Set.of());
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        receive(peer, Rpc.of(message(9, 1, 10)));
        assertThat(verifying).isEmpty();
        receive(peer, Rpc.of(Message.unsigned(TOPIC, new byte[1])));
        verify(Pending.Outcome.GOOD);
        assertThat(delivered).hasSize(1);
    }

    @Test
    void a_rejected_message_costs_all_who_send_it_and_an_ignored_one_nobody() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var first = peer();
        var second = peer();
        receive(first, Rpc.of(message(9, 1, 10)));
        verify(Pending.Outcome.IGNORED);
        assertThat(router.score(first)).isZero();
        receive(first, Rpc.of(message(9, 2, 10)));
        verify(Pending.Outcome.REJECTED);
        receive(second, Rpc.of(message(9, 2, 10)));
        assertThat(router.score(first)).isNegative();
        assertThat(router.score(second)).isNegative();
        assertThat(delivered).isEmpty();
    }

    @Test
    void a_number_is_not_taken_twice_however_late_where_authors_count() {
        router.join(TOPIC, TopicOptions.DEFAULT.refusingReplays(), now);
        var peer = peer();
        var messages =
                IntStream.range(0, 50).mapToObj(i -> message(9, 1000 + i, 10)).toList();
        for (var message : messages) {
            receive(peer, Rpc.of(message));
            verify(Pending.Outcome.GOOD);
        }
        now += Duration.ofHours(1).toNanos(); // the ids are long forgotten
        router.heartbeat(now);
        router.heartbeat(now += SECOND);
        var replayer = peer();
        for (int i = 0; i < 20; i++) {
            receive(replayer, Rpc.of(messages.get(i * 2)));
            verifying.clear();
            receive(replayer, Rpc.of(messages.get(i)));
            if (!verifying.isEmpty()) {
                verify(Pending.Outcome.GOOD);
            }
        }
        assertThat(delivered).hasSize(50);
        assertThat(router.score(replayer))
                .isLessThan(ScoreParameters.DEFAULT.thresholds().graylist());
        assertThat(reports.get(replayer)).contains(Event.GOSSIP_REPLAY);
    }

    @Test
    void numbers_may_overtake_each_other_a_little() {
        var window = new ReplayWindow(2);
        var author = key(1).peerId();
        assertThat(window.accept(author, 100)).isTrue();
        assertThat(window.accept(author, 99)).isTrue();
        assertThat(window.accept(author, 99)).isFalse();
        for (int i = 101; i < 101 + ReplayWindow.KEPT; i++) {
            assertThat(window.accept(author, i)).isTrue();
        }
        assertThat(window.accept(author, 98)).isFalse();
        assertThat(window.accept(author, -1)).isTrue(); // numbers have no sign
        for (int i = 2; i < 10; i++) {
            window.accept(key(i).peerId(), 1);
        }
        assertThat(window.authors()).isEqualTo(2);
    }

    @Test
    void what_we_sent_before_a_restart_is_not_ours_to_deliver() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        receive(peer, Rpc.of(Message.signed(TOPIC, new byte[1], 5, key(255))));
        assertThat(verifying).isEmpty();
        assertThat(router.score(peer)).isZero();
    }

    @Test
    void a_message_that_finds_no_room_is_dropped_and_may_come_again() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        room = false;
        receive(peer, Rpc.of(message(9, 1, 10)));
        assertThat(counts).containsEntry(GossipEvent.THROTTLED, 1L);
        room = true;
        receive(peer, Rpc.of(message(9, 1, 10)));
        verify(Pending.Outcome.GOOD);
        assertThat(delivered).hasSize(1);
    }

    @Test
    void publishing_goes_to_all_who_listen_or_else_to_the_mesh_or_the_fanout() {
        router = router(GossipParameters.DEFAULT.withFloodPublish(false), SignaturePolicy.STRICT_SIGN, Set.of());
        var peers = IntStream.range(0, 20).mapToObj(_ -> peer()).toList();
        peers.forEach(this::subscribe);
        assertThat(router.publish(ours(1), now)).isEqualTo(MESH.wanted()); // the fanout
        var fanout = List.copyOf(sent.keySet());
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        assertThat(router.mesh(TOPIC)).containsExactlyInAnyOrderElementsOf(fanout);
        assertThat(router.publish(ours(2), now)).isEqualTo(MESH.wanted());
        assertThat(router.publish(ours(2), now)).isZero();
        router = router(GossipParameters.DEFAULT, SignaturePolicy.STRICT_SIGN, Set.of());
        var others = IntStream.range(0, 20).mapToObj(_ -> peer()).toList();
        others.forEach(this::subscribe);
        assertThat(router.publish(ours(3), now)).isEqualTo(20);
    }

    @Test
    void a_fanout_is_forgotten_after_a_minute() {
        router = router(GossipParameters.DEFAULT.withFloodPublish(false), SignaturePolicy.STRICT_SIGN, Set.of());
        var peers = IntStream.range(0, 8).mapToObj(_ -> peer()).toList();
        peers.forEach(this::subscribe);
        router.publish(ours(1), now);
        sent.clear();
        router.heartbeat(now += SECOND);
        assertThat(all().stream().flatMap(rpc -> rpc.ihave().stream())).hasSize(2); // to those outside it
        router.heartbeat(now += Duration.ofSeconds(62).toNanos());
        sent.clear();
        router.heartbeat(now += SECOND);
        assertThat(sent).isEmpty();
    }

    // ---- gossip ----

    @Test
    void peers_outside_the_mesh_hear_of_ids_for_three_heartbeats_and_may_ask_for_five() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var mesh = IntStream.range(0, MESH.high()).mapToObj(_ -> peer()).toList();
        mesh.forEach(this::subscribe);
        mesh.forEach(this::graft);
        var outside = peer();
        subscribe(outside);
        var message = message(9, 1, 10);
        receive(mesh.getFirst(), Rpc.of(message));
        verify(Pending.Outcome.GOOD);
        for (int i = 0; i < 3; i++) {
            sent.clear();
            router.heartbeat(now += SECOND);
            assertThat(last(outside).ihave()).containsExactly(new Rpc.IHave(TOPIC, List.of(message.defaultId())));
        }
        sent.clear();
        router.heartbeat(now += SECOND);
        assertThat(sent).isEmpty();
        for (int i = 0; i < 3; i++) {
            receive(outside, iwant(message.defaultId()));
            assertThat(last(outside).messages()).containsExactly(message);
        }
        sent.clear();
        receive(outside, iwant(message.defaultId())); // the fourth time
        assertThat(sent).isEmpty();
        router.heartbeat(now += SECOND);
        receive(mesh.getLast(), iwant(message.defaultId())); // it is five heartbeats old
        assertThat(sent).isEmpty();
    }

    @Test
    void ids_are_asked_for_within_bounds_and_a_promise_that_is_not_kept_costs_score() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var liar = peer();
        subscribe(liar);
        sent.clear();
        for (int i = 0; i < 20; i++) {
            receive(liar, ihave(i, 800));
        }
        var asked = all(liar).stream()
                .flatMap(rpc -> rpc.iwant().stream())
                .mapToInt(List::size)
                .sum();
        assertThat(asked).isEqualTo(LIMITS.perHeartbeat().ihaveIds());
        assertThat(reports.get(liar)).contains(Event.GOSSIP_FLOOD); // the eleventh list
        router.heartbeat(now += SECOND);
        router.heartbeat(now += 3 * SECOND);
        assertThat(counts.get(GossipEvent.BROKEN_PROMISE)).isEqualTo(7); // one for each answer of ours
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 10; i++) {
                receive(liar, ihave(100 * round + i, 10));
            }
            router.heartbeat(now += 4 * SECOND);
        }
        assertThat(router.graylisted(liar)).isTrue();
    }

    @Test
    void a_promise_that_is_kept_by_anyone_costs_nothing() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var one = peer();
        var message = message(9, 1, 10);
        receive(
                one,
                new Rpc(
                        List.of(),
                        List.of(),
                        List.of(new Rpc.IHave(TOPIC, List.of(message.defaultId()))),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of()));
        assertThat(last(one).iwant()).containsExactly(List.of(message.defaultId()));
        receive(peer(), Rpc.of(message));
        verify(Pending.Outcome.GOOD);
        router.heartbeat(now += 4 * SECOND);
        assertThat(counts).doesNotContainKey(GossipEvent.BROKEN_PROMISE);
    }

    @Test
    void a_flood_of_iwant_is_answered_up_to_the_limit_and_costs_score() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        var ids = IntStream.range(0, 1000).mapToObj(RouterTest::id).toList();
        for (int i = 0; i < 50; i++) {
            receive(peer, new Rpc(List.of(), List.of(), List.of(), List.of(ids), List.of(), List.of(), List.of()));
        }
        assertThat(reports.get(peer)).contains(Event.GOSSIP_FLOOD);
        for (int i = 0; i < 10; i++) {
            router.heartbeat(now += SECOND);
            for (int rpc = 0; rpc < 50; rpc++) {
                receive(peer, new Rpc(List.of(), List.of(), List.of(), List.of(ids), List.of(), List.of(), List.of()));
            }
        }
        assertThat(router.score(peer)).isNegative();
    }

    @Test
    void a_peer_that_has_a_large_message_is_spared_it_and_tells_others_so() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var sender = peer();
        var has = peer();
        var lacks = peer();
        List.of(sender, has, lacks).forEach(this::subscribe);
        sent.clear();
        var large = message(9, 1, 4000);
        receive(has, idontwant(List.of(large.defaultId())));
        receive(sender, Rpc.of(large));
        verify(Pending.Outcome.GOOD);
        assertThat(last(lacks).messages()).containsExactly(large);
        assertThat(last(lacks).idontwant()).containsExactly(List.of(large.defaultId()));
        assertThat(last(has).messages()).isEmpty();
        assertThat(sent).doesNotContainKey(sender);
        assertThat(counts).containsEntry(GossipEvent.SPARED, 1L);
    }

    @Test
    void a_flood_of_idontwant_is_remembered_up_to_the_limit_and_forgotten_after_some_heartbeats() {
        var peer = peer();
        int before = router.held();
        for (int i = 0; i < 100; i++) {
            int round = i;
            receive(
                    peer,
                    idontwant(IntStream.range(0, 100)
                            .mapToObj(n -> id(1000 * round + n))
                            .toList()));
        }
        assertThat(router.held() - before).isEqualTo(LIMITS.perHeartbeat().idontwantIds());
        for (int i = 0; i < 5; i++) {
            router.heartbeat(now += SECOND);
        }
        assertThat(router.held()).isEqualTo(before);
    }

    @Test
    void a_flood_of_grafts_ends_on_the_graylist_and_is_reported() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        subscribe(peer);
        receive(peer, prune(60));
        for (int i = 0; i < 20; i++) {
            graft(peer);
        }
        assertThat(router.graylisted(peer)).isTrue();
        sent.clear();
        graft(peer);
        graft(peer);
        assertThat(sent).isEmpty();
        assertThat(reports.get(peer)).containsOnlyOnce(Event.GOSSIP_GRAYLISTED);
        assertThat(counts.get(GossipEvent.GRAYLISTED)).isPositive();
    }

    @Test
    void a_peer_may_listen_to_so_many_topics_and_no_more() {
        var peer = peer();
        int most = LIMITS.memory().topicsPerPeer();
        for (int i = 0; i < most + 20; i++) {
            receive(peer, subscription(true, "/many/" + i));
        }
        assertThat(router.held()).isEqualTo(most);
        assertThat(reports.get(peer)).contains(Event.GOSSIP_FLOOD);
    }

    @Test
    void useless_messages_cost_score_once_there_are_many() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        for (int i = 0; i < 30; i++) {
            receive(peer, Rpc.of(Message.signed("/other", new byte[1], i, key(9))));
        }
        assertThat(router.score(peer)).isZero(); // it may not have heard yet that we left
        for (int i = 0; i < 1000; i++) {
            receive(peer, Rpc.of(Message.signed("/other", new byte[1], i, key(9))));
        }
        assertThat(router.graylisted(peer)).isTrue();

        var repeater = peer();
        var message = message(9, 1, 10);
        receive(repeater, Rpc.of(message));
        verify(Pending.Outcome.GOOD);
        for (int i = 0; i < 1000; i++) {
            receive(repeater, Rpc.of(message));
        }
        assertThat(router.graylisted(repeater)).isTrue();
    }

    @Test
    void peers_that_others_name_are_dialled_only_with_a_signed_record_and_from_one_with_a_standing() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var peer = peer();
        subscribe(peer);
        var named = List.of(
                new Rpc.ExchangedPeer(key(100).peerId(), new byte[] {1}),
                new Rpc.ExchangedPeer(key(101).peerId(), new byte[0]));
        var prune = new Rpc(
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(new Rpc.Prune(TOPIC, named, 1)),
                List.of());
        receive(peer, prune);
        assertThat(dials).isEmpty();
        assertThat(counts).containsEntry(GossipEvent.EXCHANGE_REFUSED, 2L);
        for (int i = 0; i < 30; i++) {
            receive(peer, Rpc.of(message(9, i, 10)));
            verify(Pending.Outcome.GOOD);
        }
        receive(peer, prune);
        assertThat(dials).extracting(Rpc.ExchangedPeer::peer).containsExactly(key(100).peerId());
    }

    @Test
    void what_is_held_stays_bounded_whatever_peers_send() {
        router.join(TOPIC, TopicOptions.DEFAULT, now);
        var random = new Random(5);
        for (int i = 0; i < 3000; i++) {
            var peer = peer();
            subscribe(peer);
            receive(peer, ihave(i, 20));
            receive(peer, idontwant(List.of(id(random.nextInt()))));
            graft(peer);
            receive(peer, Rpc.of(message(9, i, 10)));
            verify(random.nextBoolean() ? Pending.Outcome.GOOD : Pending.Outcome.FORGED);
            router.disconnected(peer, now);
            now += SECOND / 100;
            if (i % 100 == 0) {
                router.heartbeat(now);
            }
            sent.clear();
        }
        router.heartbeat(now += Duration.ofHours(2).toNanos());
        router.heartbeat(now + Duration.ofSeconds(1).toNanos());
        assertThat(router.held()).isZero();
    }

    // ---- the world ----

    @Override
    public void send(PeerId peer, Rpc rpc) {
        sent.computeIfAbsent(peer, _ -> new ArrayList<>()).add(rpc);
    }

    @Override
    public boolean verify(Pending message) {
        return room && verifying.add(message);
    }

    @Override
    public void deliver(Message message) {
        delivered.add(message);
    }

    @Override
    public void connect(Rpc.ExchangedPeer peer) {
        dials.add(peer);
    }

    @Override
    public void reconnect(PeerId peer) {
        reconnects.add(peer);
    }

    @Override
    public Optional<byte[]> signedRecord(PeerId peer) {
        return Optional.of(new byte[] {1});
    }

    @Override
    public void report(PeerId peer, Event event, String detail) {
        reports.computeIfAbsent(peer, _ -> new ArrayList<>()).add(event);
    }

    @Override
    public void count(GossipEvent event, long by) {
        counts.merge(event, by, Long::sum);
    }

    // ---- what peers do ----

    private PeerId peer() {
        return peer(false);
    }

    private PeerId peer(boolean outbound) {
        var peer = key(1000 + keys++).peerId();
        router.connected(peer, Version.V1_2, outbound, null);
        return peer;
    }

    private void receive(PeerId peer, Rpc rpc) {
        router.received(peer, rpc, now);
    }

    private void verify(Pending.Outcome outcome) {
        router.verified(verifying.remove(), outcome, now);
    }

    private void subscribe(PeerId peer) {
        receive(peer, subscription(true, TOPIC));
    }

    private void graft(PeerId peer) {
        receive(peer, graftRpc());
    }

    private Rpc last(PeerId peer) {
        return all(peer).getLast();
    }

    private List<Rpc> all(PeerId peer) {
        return sent.getOrDefault(peer, List.of());
    }

    private List<Rpc> all() {
        return sent.values().stream().flatMap(List::stream).toList();
    }

    private static Rpc subscription(boolean on, String topic) {
        return new Rpc(
                List.of(new Rpc.Subscription(on, topic)),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }

    private static Rpc graftRpc() {
        return new Rpc(List.of(), List.of(), List.of(), List.of(), List.of(TOPIC), List.of(), List.of());
    }

    private static Rpc prune(long seconds) {
        return new Rpc(
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(new Rpc.Prune(TOPIC, List.of(), seconds)),
                List.of());
    }

    private static Rpc iwant(MessageId id) {
        return new Rpc(List.of(), List.of(), List.of(), List.of(List.of(id)), List.of(), List.of(), List.of());
    }

    private static Rpc ihave(int from, int count) {
        var ids =
                IntStream.range(0, count).mapToObj(i -> id(100_000 * from + i)).toList();
        return new Rpc(
                List.of(), List.of(), List.of(new Rpc.IHave(TOPIC, ids)), List.of(), List.of(), List.of(), List.of());
    }

    private static Rpc idontwant(List<MessageId> ids) {
        return new Rpc(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(ids));
    }

    private static MessageId id(int number) {
        return new MessageId(ByteBuffer.allocate(4).putInt(number).array());
    }

    /** Signatures are not looked at here, so they can be anything. */
    private static Message message(int author, int number, int bytes) {
        return Message.of(key(author).peerId(), new byte[bytes], number(number), TOPIC, new byte[] {1});
    }

    private static Message ours(int number) {
        return Message.of(key(255).peerId(), new byte[1], number(number), TOPIC, new byte[] {1});
    }

    private static byte[] number(long number) {
        return ByteBuffer.allocate(8).putLong(number).array();
    }

    private static PrivateKey key(int number) {
        return PrivateKey.fromSeed(ByteBuffer.allocate(32).putInt(number).array());
    }
}
