package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.PeerId;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The protocol: meshes, gossip, scores (libp2p specs, gossipsub 1.0 to 1.2). It does nothing by itself: someone tells it of peers, RPCs and
 * heartbeats, each with the time in nanoseconds, and takes what it sends from its {@link Outlet}. Not thread-safe; the same calls with the
 * same random numbers give the same output.
 */
final class Router {

    private static final Duration GRAFT_FLOOD = Duration.ofSeconds(10);
    private static final int ALTERNATIVES = 4; // forgeries of one id that are looked at at a time
    private static final int MAX_BACKOFFS = 4096; // of a topic
    private static final long STALE_NANOS = Duration.ofSeconds(30).toNanos();

    /** What a router is made of. */
    record Setup(
            PeerId self,
            SignaturePolicy policy,
            Function<Message, MessageId> ids,
            GossipParameters parameters,
            GossipLimits limits,
            Set<PeerId> explicit) {}

    private final PeerId self;
    private final Setup setup;
    private final GossipParameters how;
    private final GossipLimits limits;
    private final Outlet outlet;
    private final ScoreBook scores;
    private final long decayNanos;
    private final Random random;

    private final Map<PeerId, Peer> peers = new LinkedHashMap<>();
    private final Map<String, Topic> topics = new LinkedHashMap<>();
    private final Map<String, Fanout> fanouts = new LinkedHashMap<>();
    private final SeenCache seen;
    private final MessageCache cache;
    private final ReplayWindow replays;
    private final Promises promises;
    private final Map<MessageId, List<Pending>> pending = new HashMap<>();
    private final Map<PeerId, Outbox> outboxes = new LinkedHashMap<>();
    private long nextDecay;
    private long nextOpportunistic;
    private long nextExplicit;
    private long beats;

    /** A peer that speaks the protocol. */
    private static final class Peer {
        final PeerId id;
        Version version;
        final boolean outbound;
        final Set<String> topics = new LinkedHashSet<>();
        final Map<MessageId, Long> unwanted = new LinkedHashMap<>(); // until which beat
        int ihaveMessages;
        int ihaveIds;
        int iwantIds;
        int idontwantIds;
        int grafts;
        int wasted;
        boolean reported; // as graylisted, since the last heartbeat that found it otherwise

        Peer(PeerId id, Version version, boolean outbound) {
            this.id = id;
            this.version = version;
            this.outbound = outbound;
        }
    }

    /** A topic that is listened to, or was until not long ago. */
    private static final class Topic {
        @Nullable
        TopicOptions options; // null once it was left

        final Set<PeerId> mesh = new LinkedHashSet<>();
        final Map<PeerId, Long> backoff = new LinkedHashMap<>(); // until when not to graft

        boolean joined() {
            return options != null;
        }
    }

    private static final class Fanout {
        final Set<PeerId> peers = new LinkedHashSet<>();
        long lastPublished;
    }

    /** What goes to one peer at the end of a step. */
    private static final class Outbox {
        final List<Rpc.Subscription> subscriptions = new ArrayList<>(0);
        final List<Message> messages = new ArrayList<>(1);
        final List<Rpc.IHave> ihave = new ArrayList<>(0);
        final List<List<MessageId>> iwant = new ArrayList<>(0);
        final List<String> graft = new ArrayList<>(0);
        final List<Rpc.Prune> prune = new ArrayList<>(0);
        final List<List<MessageId>> idontwant = new ArrayList<>(0);

        Rpc rpc() {
            return new Rpc(subscriptions, messages, ihave, iwant, graft, prune, idontwant);
        }
    }

    Router(Setup setup, ScoreParameters score, ScoreBook scores, Outlet outlet, RandomGenerator random, long now) {
        this.setup = setup;
        this.outlet = outlet;
        this.scores = scores;
        self = setup.self();
        how = setup.parameters();
        limits = setup.limits();
        decayNanos = score.decayInterval().toNanos();
        this.random = new Random(random.nextLong());
        seen = new SeenCache(how.times().seen().toNanos(), limits.memory().seen());
        cache = new MessageCache(how.gossip(), limits.memory().cacheBytes());
        replays = new ReplayWindow(limits.memory().authors());
        promises = new Promises(how.times().promise().toNanos());
        nextDecay = now + decayNanos;
        nextOpportunistic = now + how.times().opportunistic().toNanos();
        nextExplicit = now;
    }

    // ---- peers come and go ----

    void connected(PeerId peer, Version version, boolean outbound, @Nullable InetAddress address) {
        if (peers.containsKey(peer)) {
            return;
        }
        peers.put(peer, new Peer(peer, version, outbound));
        scores.connected(peer, address);
        topics.forEach((name, topic) -> {
            if (topic.joined()) {
                outbox(peer).subscriptions.add(new Rpc.Subscription(true, name));
            }
        });
        flush();
    }

    /** There is another stream to a peer: it hears again what we listen to and which links it has. */
    void relinked(PeerId id, Version version) {
        var peer = peers.get(id);
        if (peer == null) {
            return;
        }
        peer.version = version;
        topics.forEach((name, topic) -> {
            if (topic.joined()) {
                outbox(id).subscriptions.add(new Rpc.Subscription(true, name));
            }
            if (topic.mesh.contains(id)) {
                outbox(id).graft.add(name);
            }
        });
        flush();
    }

    /** A peer has another stream to us, on which it will say what it listens to. */
    void restarted(PeerId id) {
        var peer = peers.get(id);
        if (peer == null) {
            return;
        }
        peer.topics.clear();
        topics.forEach((name, topic) -> {
            if (topic.mesh.remove(id)) {
                scores.pruned(id, name);
            }
        });
        fanouts.values().forEach(fanout -> fanout.peers.remove(id));
    }

    void disconnected(PeerId peer, long now) {
        if (peers.remove(peer) == null) {
            return;
        }
        topics.values().forEach(topic -> topic.mesh.remove(peer));
        fanouts.values().forEach(fanout -> fanout.peers.remove(peer));
        promises.gone(peer);
        scores.disconnected(peer, now);
    }

    // ---- what the application wants ----

    void join(String name, TopicOptions options, long now) {
        var topic = topics.computeIfAbsent(name, _ -> new Topic());
        if (topic.joined()) {
            throw new IllegalArgumentException(name + " is listened to already");
        }
        topic.options = options;
        scores.judge(name, options.score());
        peers.keySet().forEach(peer -> outbox(peer).subscriptions.add(new Rpc.Subscription(true, name)));
        var fanout = fanouts.remove(name);
        if (fanout != null) {
            fanout.peers.stream()
                    .filter(peer -> mayGraft(topic, peer, now))
                    .limit(how.mesh().wanted())
                    .forEach(peer -> graft(name, topic, peer, now));
        }
        fill(name, topic, how.mesh().wanted(), _ -> true, now);
        flush();
    }

    void leave(String name, long now) {
        var topic = topics.get(name);
        if (topic == null || !topic.joined()) {
            return;
        }
        peers.keySet().forEach(peer -> outbox(peer).subscriptions.add(new Rpc.Subscription(false, name)));
        for (var peer : List.copyOf(topic.mesh)) {
            prune(name, topic, peer, how.times().unsubscribeBackoff(), false, now);
        }
        topic.options = null;
        scores.forget(name);
        flush();
    }

    /** Sends a message of ours out; returns to how many peers. */
    int publish(Message message, long now) {
        var id = setup.ids().apply(message);
        if (seen.has(id)) {
            return 0;
        }
        seen.add(id, new ScoreBook.Delivery(ScoreBook.Delivery.Status.VALID, now));
        cache.put(id, message);
        var to = receivers(message.topic(), now);
        to.forEach(peer -> outbox(peer).messages.add(message));
        outlet.count(GossipEvent.PUBLISHED, 1);
        flush();
        return to.size();
    }

    private Set<PeerId> receivers(String name, long now) {
        var to = new LinkedHashSet<PeerId>();
        var topic = topics.get(name);
        double least = scores.thresholds().publish();
        for (var peer : listeners(name)) {
            boolean wanted = setup.explicit().contains(peer.id) || how.floodPublish() && scores.score(peer.id) >= least;
            if (wanted) {
                to.add(peer.id);
            }
        }
        if (how.floodPublish()) {
            return to;
        }
        if (topic != null && topic.joined()) {
            to.addAll(topic.mesh);
        } else {
            to.addAll(fanout(name, now).peers);
        }
        return to;
    }

    private Fanout fanout(String name, long now) {
        var fanout = fanouts.computeIfAbsent(name, _ -> new Fanout());
        fanout.lastPublished = now;
        refill(name, fanout);
        return fanout;
    }

    private void refill(String name, Fanout fanout) {
        double least = scores.thresholds().publish();
        fanout.peers.removeIf(peer -> !listensTo(peer, name) || scores.score(peer) < least);
        for (var peer : shuffled(listeners(name))) {
            if (fanout.peers.size() >= how.mesh().wanted()) {
                break;
            }
            if (!setup.explicit().contains(peer.id) && scores.score(peer.id) >= least) {
                fanout.peers.add(peer.id);
            }
        }
    }

    // ---- what peers say ----

    /** Whether nothing that the peer sends is looked at. */
    boolean graylisted(PeerId peer) {
        return !setup.explicit().contains(peer)
                && scores.score(peer) < scores.thresholds().graylist();
    }

    void received(PeerId from, Rpc rpc, long now) {
        var peer = peers.get(from);
        if (peer == null) {
            return;
        }
        if (graylisted(from)) {
            outlet.count(GossipEvent.GRAYLISTED, 1);
            if (!peer.reported) {
                peer.reported = true;
                outlet.report(from, Event.GOSSIP_GRAYLISTED, "score " + Math.round(scores.score(from)));
            }
            return;
        }
        for (var subscription : rpc.subscriptions()) {
            subscription(peer, subscription, now);
        }
        for (var message : rpc.messages()) {
            message(peer, message, now);
        }
        for (var list : rpc.ihave()) {
            ihave(peer, list, now);
        }
        for (var ids : rpc.iwant()) {
            iwant(peer, ids);
        }
        for (var topic : rpc.graft()) {
            grafted(peer, topic, now);
        }
        for (var prune : rpc.prune()) {
            pruned(peer, prune, now);
        }
        for (var ids : rpc.idontwant()) {
            idontwant(peer, ids);
        }
        flush();
    }

    /** A peer sent bytes that are no RPC. */
    void malformed(PeerId peer) {
        outlet.count(GossipEvent.MALFORMED, 1);
        scores.graylist(peer);
    }

    private void subscription(Peer peer, Rpc.Subscription said, long now) {
        if (!said.subscribe()) {
            peer.topics.remove(said.topic());
            var topic = topics.get(said.topic());
            if (topic != null && topic.mesh.remove(peer.id)) {
                scores.pruned(peer.id, said.topic());
            }
            var fanout = fanouts.get(said.topic());
            if (fanout != null) {
                fanout.peers.remove(peer.id);
            }
            return;
        }
        if (peer.topics.size() >= limits.memory().topicsPerPeer()) {
            breach(peer, 1, "listens to more than " + limits.memory().topicsPerPeer() + " topics");
            return;
        }
        if (!peer.topics.add(said.topic())) {
            return;
        }
        // a new mesh need not wait for the heartbeat
        var topic = topics.get(said.topic());
        if (topic != null && topic.joined() && topic.mesh.size() < how.mesh().low() && mayGraft(topic, peer.id, now)) {
            graft(said.topic(), topic, peer.id, now);
        }
    }

    private void message(Peer peer, Message message, long now) {
        var topic = topics.get(message.topic());
        var options = topic == null ? null : topic.options;
        if (options == null) {
            wasted(peer);
            return;
        }
        if (!message.fits(setup.policy())) {
            outlet.count(GossipEvent.BAD_SIGNATURE, 1);
            scores.invalid(peer.id, message.topic());
            outlet.report(peer.id, Event.GOSSIP_INVALID, "fields do not follow " + setup.policy());
            return;
        }
        var id = setup.ids().apply(message);
        promises.kept(id, peer.id);
        var known = seen.get(id);
        if (known != null) {
            outlet.count(GossipEvent.DUPLICATE, 1);
            if (scores.duplicate(peer.id, known, message.topic(), now) || now - known.at > STALE_NANOS) {
                wasted(peer);
            }
            return;
        }
        if (message.isBy(self)) {
            return; // ours from before a restart
        }
        verify(peer, id, message, options);
    }

    private void verify(Peer peer, MessageId id, Message message, TopicOptions options) {
        var same = pending.get(id);
        if (same != null) {
            for (var one : same) {
                if (one.message.equals(message)) {
                    outlet.count(GossipEvent.DUPLICATE, 1);
                    if (one.senders.contains(peer.id)) {
                        wasted(peer);
                    } else {
                        one.senders.add(peer.id);
                    }
                    return;
                }
            }
            if (same.size() >= ALTERNATIVES) {
                wasted(peer);
                return;
            }
        }
        var one = new Pending(id, message, options.validator(), peer.id);
        if (!outlet.verify(one)) {
            outlet.count(GossipEvent.THROTTLED, 1);
            return;
        }
        pending.computeIfAbsent(id, _ -> new ArrayList<>(1)).add(one);
        if (setup.policy() == SignaturePolicy.STRICT_NO_SIGN) {
            spare(one); // the id is a hash of what is here, so nobody can have lied about it
        }
    }

    /** The answer to {@link Outlet#verify}. */
    void verified(Pending one, Pending.Outcome outcome, long now) {
        var same = pending.get(one.id);
        if (same == null || !same.remove(one)) {
            return;
        }
        if (same.isEmpty()) {
            pending.remove(one.id);
        }
        var name = one.message.topic();
        switch (outcome) {
            case FORGED -> {
                outlet.count(GossipEvent.BAD_SIGNATURE, 1);
                for (var sender : one.senders) {
                    scores.invalid(sender, name);
                    outlet.report(sender, Event.GOSSIP_INVALID, "signature is not the author's");
                }
            }
            case REJECTED -> {
                outlet.count(GossipEvent.REJECTED, 1);
                settle(one, ScoreBook.Delivery.Status.INVALID, now);
                for (var sender : one.senders) {
                    scores.invalid(sender, name);
                    outlet.report(sender, Event.GOSSIP_INVALID, "message on " + name + " was rejected");
                }
            }
            case IGNORED -> {
                outlet.count(GossipEvent.IGNORED, 1);
                settle(one, ScoreBook.Delivery.Status.IGNORED, now);
            }
            case GOOD -> good(one, now);
        }
        flush();
    }

    private ScoreBook.Delivery settle(Pending one, ScoreBook.Delivery.Status status, long now) {
        var delivery = new ScoreBook.Delivery(status, now);
        delivery.peers.addAll(one.senders);
        seen.add(one.id, delivery);
        promises.settled(one.id);
        return delivery;
    }

    private void good(Pending one, long now) {
        var name = one.message.topic();
        var topic = topics.get(name);
        var options = topic == null ? null : topic.options;
        if (topic == null || options == null || seen.has(one.id)) {
            return; // left meanwhile, or another form of the same message was quicker
        }
        var author = one.message.author();
        if (options.refuseReplays() && author != null && !replays.accept(author, one.message.seqno())) {
            outlet.count(GossipEvent.REPLAYED, 1);
            settle(one, ScoreBook.Delivery.Status.IGNORED, now);
            for (var sender : one.senders) {
                scores.breach(sender, 1);
                outlet.report(sender, Event.GOSSIP_REPLAY, "message " + one.message.seqno() + " of " + author);
            }
            return;
        }
        scores.delivered(settle(one, ScoreBook.Delivery.Status.VALID, now), name);
        outlet.count(GossipEvent.DELIVERED, 1);
        cache.put(one.id, one.message);
        outlet.deliver(one.message);
        if (setup.policy() == SignaturePolicy.STRICT_SIGN) {
            spare(one);
        }
        forward(one, topic);
    }

    private void forward(Pending one, Topic topic) {
        var to = new LinkedHashSet<>(topic.mesh);
        for (var peer : setup.explicit()) {
            if (listensTo(peer, one.message.topic())) {
                to.add(peer);
            }
        }
        for (var id : to) {
            if (one.message.isBy(id) || one.senders.contains(id)) {
                continue;
            }
            var peer = peers.get(id);
            if (peer != null && peer.unwanted.containsKey(one.id)) {
                outlet.count(GossipEvent.SPARED, 1);
            } else if (peer != null) {
                outbox(id).messages.add(one.message);
                outlet.count(GossipEvent.FORWARDED, 1);
            }
        }
    }

    /** Tells the mesh that a large message need not be sent here. */
    private void spare(Pending one) {
        var topic = topics.get(one.message.topic());
        if (topic == null || one.message.dataBytes() < how.largeBytes()) {
            return;
        }
        for (var id : topic.mesh) {
            var peer = peers.get(id);
            if (peer != null && peer.version.atLeast(Version.V1_2) && !one.senders.contains(id)) {
                outbox(id).idontwant.add(List.of(one.id));
            }
        }
    }

    private void ihave(Peer peer, Rpc.IHave list, long now) {
        var topic = topics.get(list.topic());
        if (topic == null
                || !topic.joined()
                || scores.score(peer.id) < scores.thresholds().gossip()) {
            return;
        }
        if (++peer.ihaveMessages > limits.perHeartbeat().ihaveMessages()) {
            breachOnce(peer, peer.ihaveMessages, limits.perHeartbeat().ihaveMessages(), "IHAVE flood");
            return;
        }
        int most = limits.perHeartbeat().ihaveIds() - peer.ihaveIds;
        var wanted = new ArrayList<MessageId>();
        for (var id : list.ids()) {
            if (!seen.has(id) && !pending.containsKey(id)) {
                wanted.add(id);
            }
        }
        Collections.shuffle(wanted, random);
        var asked = List.copyOf(wanted.subList(0, Math.min(most, wanted.size())));
        if (!asked.isEmpty()) {
            peer.ihaveIds += asked.size();
            outbox(peer.id).iwant.add(asked);
            promises.add(asked.getFirst(), peer.id, now);
            outlet.count(GossipEvent.ASKED, asked.size());
        }
    }

    private void iwant(Peer peer, List<MessageId> ids) {
        if (scores.score(peer.id) < scores.thresholds().gossip()) {
            return;
        }
        for (var id : ids) {
            if (++peer.iwantIds > limits.perHeartbeat().iwantIds()) {
                breachOnce(peer, peer.iwantIds, limits.perHeartbeat().iwantIds(), "IWANT flood");
                return;
            }
            if (!peer.unwanted.containsKey(id)) {
                cache.take(id, peer.id).ifPresent(message -> {
                    outbox(peer.id).messages.add(message);
                    outlet.count(GossipEvent.ANSWERED, 1);
                });
            }
        }
    }

    private void idontwant(Peer peer, List<MessageId> ids) {
        for (var id : ids) {
            if (++peer.idontwantIds > limits.perHeartbeat().idontwantIds()) {
                return;
            }
            peer.unwanted.put(id, beats + how.gossip().windows());
            outlet.count(GossipEvent.UNWANTED, 1);
        }
    }

    private void grafted(Peer peer, String name, long now) {
        if (++peer.grafts > limits.perHeartbeat().grafts()) {
            breachOnce(peer, peer.grafts, limits.perHeartbeat().grafts(), "GRAFT flood");
            return;
        }
        var topic = topics.get(name);
        if (topic == null || !topic.joined() || !peer.topics.contains(name)) {
            // no answer, so that asking costs us nothing; a peer that grafts must have said that it listens
            outlet.count(GossipEvent.WASTED, 1);
            return;
        }
        if (topic.mesh.contains(peer.id)) {
            return;
        }
        if (setup.explicit().contains(peer.id)) {
            refuse(name, topic, peer, false, now);
            return;
        }
        Long until = topic.backoff.get(peer.id);
        if (until != null && until - now > 0) {
            outlet.count(GossipEvent.EARLY_GRAFT, 1);
            scores.breach(peer.id, 1);
            var since = now - (until - how.times().pruneBackoff().toNanos());
            if (since < GRAFT_FLOOD.toNanos()) {
                breach(peer, 1, "GRAFT right after a PRUNE");
            }
            refuse(name, topic, peer, false, now);
            return;
        }
        if (scores.score(peer.id) < 0) {
            refuse(name, topic, peer, false, now);
            return;
        }
        if (topic.mesh.size() >= how.mesh().high() && !peer.outbound) {
            refuse(name, topic, peer, true, now);
            return;
        }
        topic.mesh.add(peer.id);
        scores.grafted(peer.id, name, now);
        outlet.count(GossipEvent.GRAFTED, 1);
    }

    private void refuse(String name, Topic topic, Peer peer, boolean exchange, long now) {
        prune(name, topic, peer.id, how.times().pruneBackoff(), exchange, now);
    }

    private void pruned(Peer peer, Rpc.Prune prune, long now) {
        var topic = topics.get(prune.topic());
        if (topic == null || !topic.joined()) {
            return;
        }
        if (topic.mesh.remove(peer.id)) {
            scores.pruned(peer.id, prune.topic());
            outlet.count(GossipEvent.PRUNED, 1);
        }
        long backoff = prune.backoffSeconds() == 0
                ? how.times().pruneBackoff().toNanos()
                : Duration.ofSeconds(Math.min(
                                prune.backoffSeconds(),
                                limits.backoff().longest().toSeconds()))
                        .toNanos();
        backOff(topic, peer.id, Math.max(backoff, limits.backoff().shortest().toNanos()), now);
        exchanged(peer, prune.peers());
    }

    private void exchanged(Peer peer, List<Rpc.ExchangedPeer> others) {
        if (others.isEmpty()) {
            return;
        }
        if (scores.score(peer.id) < scores.thresholds().acceptPeerExchange()) {
            outlet.count(GossipEvent.EXCHANGE_REFUSED, others.size());
            return;
        }
        for (var other : shuffled(others)) {
            if (other.signedRecord().length == 0) {
                outlet.count(GossipEvent.EXCHANGE_REFUSED, 1);
            } else if (!other.peer().equals(self) && !peers.containsKey(other.peer())) {
                outlet.connect(other);
            }
        }
    }

    private void wasted(Peer peer) {
        outlet.count(GossipEvent.WASTED, 1);
        int most = limits.perHeartbeat().wasted();
        if (++peer.wasted % most == 0) {
            breach(peer, 1, most + " useless messages in a heartbeat");
        }
    }

    /** Charges for what is over a limit, once for each time that the limit is filled again. */
    private void breachOnce(Peer peer, int count, int most, String what) {
        if (count % most == 1 || most == 1) {
            breach(peer, 1, what);
        }
    }

    private void breach(Peer peer, double count, String what) {
        scores.breach(peer.id, count);
        outlet.report(peer.id, Event.GOSSIP_FLOOD, what);
    }

    // ---- links ----

    private boolean mayGraft(Topic topic, PeerId peer, long now) {
        Long until = topic.backoff.get(peer);
        return peers.containsKey(peer)
                && !topic.mesh.contains(peer)
                && !setup.explicit().contains(peer)
                && (until == null || until - now <= 0)
                && scores.score(peer) >= 0;
    }

    private void fill(String name, Topic topic, int to, Predicate<Peer> which, long now) {
        for (var peer : shuffled(listeners(name))) {
            if (topic.mesh.size() >= to) {
                return;
            }
            if (which.test(peer) && mayGraft(topic, peer.id, now)) {
                graft(name, topic, peer.id, now);
            }
        }
    }

    private void graft(String name, Topic topic, PeerId peer, long now) {
        topic.mesh.add(peer);
        scores.grafted(peer, name, now);
        outbox(peer).graft.add(name);
        outlet.count(GossipEvent.GRAFTED, 1);
    }

    private void prune(String name, Topic topic, PeerId id, Duration backoff, boolean exchange, long now) {
        if (topic.mesh.remove(id)) {
            scores.pruned(id, name);
            outlet.count(GossipEvent.PRUNED, 1);
        }
        backOff(topic, id, backoff.toNanos(), now);
        var peer = peers.get(id);
        if (peer == null) {
            return;
        }
        boolean newer = peer.version.atLeast(Version.V1_1);
        boolean named = newer && exchange && how.peerExchange() && scores.score(id) >= 0;
        outbox(id)
                .prune
                .add(new Rpc.Prune(
                        name,
                        named ? others(name, id) : List.of(),
                        newer ? backoff.plusNanos(999_999_999).toSeconds() : 0));
    }

    private List<Rpc.ExchangedPeer> others(String name, PeerId pruned) {
        var named = new ArrayList<Rpc.ExchangedPeer>();
        for (var peer : shuffled(listeners(name))) {
            if (named.size() >= limits.elements().exchangedPeers()) {
                break;
            }
            if (!peer.id.equals(pruned) && scores.score(peer.id) >= 0) {
                outlet.signedRecord(peer.id).ifPresent(r -> named.add(new Rpc.ExchangedPeer(peer.id, r)));
            }
        }
        return named;
    }

    private void backOff(Topic topic, PeerId peer, long nanos, long now) {
        long until = now + nanos;
        Long before = topic.backoff.get(peer);
        if (before != null && before - until >= 0) {
            return;
        }
        if (topic.backoff.size() >= MAX_BACKOFFS) {
            topic.backoff.remove(topic.backoff.keySet().iterator().next());
        }
        topic.backoff.put(peer, until);
    }

    // ---- the heartbeat ----

    void heartbeat(long now) {
        beats++;
        seen.expire(now);
        promises.broken(now).forEach((peer, count) -> {
            scores.breach(peer, count);
            outlet.count(GossipEvent.BROKEN_PROMISE, count);
        });
        for (; nextDecay - now <= 0; nextDecay += decayNanos) {
            scores.decay(now);
        }
        peers.values().forEach(this::forgive);
        if (nextExplicit - now <= 0) {
            nextExplicit = now + how.times().explicit().toNanos();
            setup.explicit().stream().filter(peer -> !peers.containsKey(peer)).forEach(outlet::reconnect);
        }
        boolean opportunistic = nextOpportunistic - now <= 0;
        if (opportunistic) {
            nextOpportunistic = now + how.times().opportunistic().toNanos();
        }
        for (Iterator<Map.Entry<String, Topic>> all = topics.entrySet().iterator(); all.hasNext(); ) {
            var entry = all.next();
            var topic = entry.getValue();
            // a peer that is told a backoff starts to count when it hears of it, so ours lasts a heartbeat longer
            topic.backoff
                    .values()
                    .removeIf(until -> until + how.times().heartbeat().toNanos() - now <= 0);
            if (topic.joined()) {
                maintain(entry.getKey(), topic, opportunistic, now);
            } else if (topic.backoff.isEmpty()) {
                all.remove();
            }
        }
        maintainFanouts(now);
        cache.shift();
        flush();
    }

    private void forgive(Peer peer) {
        peer.ihaveMessages = 0;
        peer.ihaveIds = 0;
        peer.iwantIds = 0;
        peer.idontwantIds = 0;
        peer.grafts = 0;
        peer.wasted = 0;
        peer.unwanted.values().removeIf(until -> until <= beats);
        if (peer.reported && !graylisted(peer.id)) {
            peer.reported = false;
        }
    }

    private void maintain(String name, Topic topic, boolean opportunistic, long now) {
        var mesh = how.mesh();
        for (var peer : List.copyOf(topic.mesh)) {
            if (scores.score(peer) < 0) {
                prune(name, topic, peer, how.times().pruneBackoff(), false, now);
            }
        }
        if (topic.mesh.size() < mesh.low()) {
            fill(name, topic, mesh.wanted(), _ -> true, now);
        }
        if (topic.mesh.size() > mesh.high()) {
            for (var peer : surplus(topic)) {
                prune(name, topic, peer, how.times().pruneBackoff(), true, now);
            }
        }
        if (topic.mesh.size() >= mesh.low()) {
            int missing = mesh.outbound() - outbound(topic.mesh);
            if (missing > 0) {
                fill(name, topic, topic.mesh.size() + missing, peer -> peer.outbound, now);
            }
        }
        if (opportunistic && topic.mesh.size() > 1) {
            graftBetter(name, topic, now);
        }
        gossip(name, topic.mesh);
    }

    /** Whom to prune from a mesh that is too large: not the best, not too many that we dialled, of the rest anyone. */
    private List<PeerId> surplus(Topic topic) {
        var mesh = how.mesh();
        var order = shuffled(topic.mesh);
        order.sort(Comparator.comparingDouble(this::negatedScore));
        var best = order.subList(0, mesh.byScore());
        var rest = shuffled(order.subList(mesh.byScore(), order.size()));
        var kept = new ArrayList<>(best);
        kept.addAll(rest.subList(0, mesh.wanted() - best.size()));
        var dropped = new ArrayList<>(rest.subList(mesh.wanted() - best.size(), rest.size()));
        // dialled ones take the places of those that came to us, the worst and the randomly kept first
        for (int i = kept.size() - 1; i >= 0 && outbound(kept) < mesh.outbound(); i--) {
            var spare = dropped.stream().filter(this::isOutbound).findFirst();
            if (spare.isEmpty()) {
                break;
            }
            if (!isOutbound(kept.get(i))) {
                dropped.remove(spare.get());
                dropped.add(kept.set(i, spare.get()));
            }
        }
        return dropped;
    }

    private double negatedScore(PeerId peer) {
        return -scores.score(peer);
    }

    private int outbound(Collection<PeerId> some) {
        return (int) some.stream().filter(this::isOutbound).count();
    }

    private boolean isOutbound(PeerId peer) {
        var known = peers.get(peer);
        return known != null && known.outbound;
    }

    private void graftBetter(String name, Topic topic, long now) {
        var sorted = topic.mesh.stream().mapToDouble(scores::score).sorted().toArray();
        double median = sorted[sorted.length / 2];
        if (median < scores.thresholds().opportunisticGraft()) {
            fill(
                    name,
                    topic,
                    topic.mesh.size() + how.mesh().opportunistic(),
                    peer -> scores.score(peer.id) > median,
                    now);
        }
    }

    /** Tells some peers outside the mesh the ids of what came lately. */
    private void gossip(String name, Set<PeerId> exclude) {
        var ids = cache.recent(name);
        if (ids.isEmpty()) {
            return;
        }
        var candidates = new ArrayList<PeerId>();
        for (var peer : listeners(name)) {
            if (!exclude.contains(peer.id)
                    && !setup.explicit().contains(peer.id)
                    && scores.score(peer.id) >= scores.thresholds().gossip()) {
                candidates.add(peer.id);
            }
        }
        Collections.shuffle(candidates, random);
        int to = Math.max(how.gossip().peers(), (int) (how.gossip().factor() * candidates.size()));
        int most = limits.elements().ids();
        for (var peer : candidates.subList(0, Math.min(to, candidates.size()))) {
            if (ids.size() > most) {
                Collections.shuffle(ids, random); // each gets others of them
            }
            outbox(peer).ihave.add(new Rpc.IHave(name, List.copyOf(ids.subList(0, Math.min(most, ids.size())))));
        }
    }

    private void maintainFanouts(long now) {
        fanouts.values()
                .removeIf(fanout ->
                        now - fanout.lastPublished > how.times().fanout().toNanos());
        fanouts.forEach((name, fanout) -> {
            refill(name, fanout);
            gossip(name, fanout.peers);
        });
    }

    // ---- small things ----

    private List<Peer> listeners(String topic) {
        var found = new ArrayList<Peer>();
        for (var peer : peers.values()) {
            if (peer.topics.contains(topic)) {
                found.add(peer);
            }
        }
        return found;
    }

    private boolean listensTo(PeerId peer, String topic) {
        var known = peers.get(peer);
        return known != null && known.topics.contains(topic);
    }

    private <T> List<T> shuffled(Collection<T> some) {
        var list = new ArrayList<>(some);
        Collections.shuffle(list, random);
        return list;
    }

    private Outbox outbox(PeerId peer) {
        return outboxes.computeIfAbsent(peer, _ -> new Outbox());
    }

    private void flush() {
        if (outboxes.isEmpty()) {
            return;
        }
        outboxes.forEach((peer, outbox) -> outlet.send(peer, outbox.rpc()));
        outboxes.clear();
    }

    // ---- to look at ----

    Set<PeerId> peers() {
        return Set.copyOf(peers.keySet());
    }

    Set<PeerId> mesh(String topic) {
        var known = topics.get(topic);
        return known == null ? Set.of() : Set.copyOf(known.mesh);
    }

    Set<PeerId> listening(String topic) {
        var found = new HashSet<PeerId>();
        listeners(topic).forEach(peer -> found.add(peer.id));
        return found;
    }

    double score(PeerId peer) {
        return scores.score(peer);
    }

    Optional<Version> version(PeerId peer) {
        return Optional.ofNullable(peers.get(peer)).map(known -> known.version);
    }

    /** How much is held, for tests of the bounds. */
    int held() {
        int backoffs =
                topics.values().stream().mapToInt(topic -> topic.backoff.size()).sum();
        int unwanted =
                peers.values().stream().mapToInt(peer -> peer.unwanted.size()).sum();
        int subscriptions =
                peers.values().stream().mapToInt(peer -> peer.topics.size()).sum();
        return seen.size() + pending.size() + promises.size() + backoffs + unwanted + subscriptions + scores.retained();
    }
}
