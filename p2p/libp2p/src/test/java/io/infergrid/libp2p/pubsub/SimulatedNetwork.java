package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PublicKey;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Many routers in virtual time: RPCs take as long as their link, verification a millisecond, and everything happens in one thread in an order
 * that the seed decides. Signatures are not computed: the first byte of one says what it is worth.
 */
final class SimulatedNetwork {

    static final String TOPIC = "/simulated/1";
    static final byte GENUINE = 1;
    static final byte FORGED = 2;
    static final byte UNWANTED = 3; // well signed, but the validator rejects it

    private static final long MILLI = 1_000_000;

    final Random random;
    final Map<PeerId, Node> nodes = new LinkedHashMap<>();
    private final GossipParameters parameters;
    private final ScoreParameters score;
    private final TopicOptions options;
    private final PriorityQueue<Step> steps = new PriorityQueue<>();
    private long now;
    private long stepCount;
    private int nodeCount;

    private record Step(long at, long number, Runnable what) implements Comparable<Step> {
        @Override
        public int compareTo(Step other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    /** What became of one message. */
    static final class Sent {
        final Set<PeerId> expected = new LinkedHashSet<>();
        final Map<PeerId, Integer> hops = new HashMap<>();
        final Map<PeerId, Long> millis = new HashMap<>();
        long at;
    }

    SimulatedNetwork(long seed, GossipParameters parameters, ScoreParameters score, TopicOptions options) {
        random = new Random(seed);
        this.parameters = parameters;
        this.score = score;
        this.options = options;
    }

    final Map<MessageId, Sent> sent = new LinkedHashMap<>();

    final class Node implements Outlet {
        final PeerId id;
        final InetAddress address;
        final Router router;
        final Map<PeerId, Long> links = new LinkedHashMap<>(); // nanoseconds one way
        final Map<GossipEvent, Long> counts = new EnumMap<>(GossipEvent.class);
        final Map<PeerId, Integer> reports = new HashMap<>();
        final List<Rpc.ExchangedPeer> offered = new ArrayList<>();
        boolean up = true;
        boolean honest = true;
        boolean passesMessages = true;
        private long seqno = 1;

        Node(int number) {
            var point = new byte[32];
            random.nextBytes(point);
            id = PublicKey.ed25519(point).peerId();
            try {
                address = InetAddress.getByAddress(
                        new byte[] {(byte) (20 + number / 65_536), (byte) (number / 256), (byte) number, 1});
            } catch (UnknownHostException e) {
                throw new IllegalStateException(e);
            }
            var setup = new Router.Setup(
                    id, SignaturePolicy.STRICT_SIGN, Message::defaultId, parameters, GossipLimits.DEFAULT, Set.of());
            router = new Router(setup, score, new ScoreBook(score, 1024, _ -> 0), this, random, now);
            router.join(TOPIC, options, now);
            after((long) (random.nextDouble() * parameters.times().heartbeat().toNanos()), this::beat);
        }

        private void beat() {
            if (up) {
                router.heartbeat(now);
                after(parameters.times().heartbeat().toNanos(), this::beat);
            }
        }

        MessageId publish(int bytes) {
            var message = message(GENUINE, bytes);
            var what = new Sent();
            what.at = now;
            what.hops.put(id, 0);
            nodes.values().stream()
                    .filter(node -> node.up && node.honest && node != this)
                    .forEach(node -> what.expected.add(node.id));
            sent.put(message.defaultId(), what);
            router.publish(message, now);
            return message.defaultId();
        }

        Message message(byte worth, int bytes) {
            var number = ByteBuffer.allocate(8).putLong(seqno++).array();
            return Message.of(id, new byte[bytes], number, TOPIC, new byte[] {worth});
        }

        @Override
        public void send(PeerId peer, Rpc rpc) {
            var to = nodes.get(peer);
            Long nanos = links.get(peer);
            if (to == null || nanos == null) {
                return;
            }
            var passed = passesMessages
                    ? rpc
                    : new Rpc(
                            rpc.subscriptions(), List.of(), List.of(), List.of(), rpc.graft(), rpc.prune(), List.of());
            after(nanos, () -> {
                if (to.up && to.links.containsKey(id)) {
                    to.router.received(id, passed, now);
                }
            });
        }

        /** Sends what no router would. */
        void inject(PeerId peer, Rpc rpc) {
            var to = nodes.get(peer);
            if (to != null && links.containsKey(peer)) {
                after(links.get(peer), () -> to.router.received(id, rpc, now));
            }
        }

        @Override
        public boolean verify(Pending message) {
            var signature = signatureOf(message.message);
            var outcome = switch (signature) {
                case GENUINE -> Pending.Outcome.GOOD;
                case UNWANTED -> Pending.Outcome.REJECTED;
                default -> Pending.Outcome.FORGED;
            };
            if (outcome == Pending.Outcome.GOOD) {
                var what = sent.get(message.id);
                if (what != null) {
                    int before = what.hops.getOrDefault(message.first(), 0);
                    what.hops.putIfAbsent(id, before + 1);
                }
            }
            after(MILLI, () -> {
                if (up) {
                    router.verified(message, outcome, now);
                }
            });
            return true;
        }

        @Override
        public void deliver(Message message) {
            var what = sent.get(message.defaultId());
            if (what != null) {
                what.millis.putIfAbsent(id, (now - what.at) / MILLI);
            }
        }

        @Override
        public void connect(Rpc.ExchangedPeer peer) {
            offered.add(peer);
            var other = nodes.get(peer.peer());
            if (other != null && other.up && up) {
                SimulatedNetwork.this.connect(this, other);
            }
        }

        @Override
        public void reconnect(PeerId peer) {
            throw new IllegalStateException("no peer is explicit here");
        }

        @Override
        public Optional<byte[]> signedRecord(PeerId peer) {
            return Optional.of(new byte[] {1});
        }

        @Override
        public void report(PeerId peer, Event event, String detail) {
            reports.merge(peer, 1, Integer::sum);
        }

        @Override
        public void count(GossipEvent event, long by) {
            counts.merge(event, by, Long::sum);
        }

        long count(GossipEvent event) {
            return counts.getOrDefault(event, 0L);
        }

        Set<PeerId> mesh() {
            return router.mesh(TOPIC);
        }
    }

    private static byte signatureOf(Message message) {
        var encoded = message.encoded();
        return encoded[encoded.length - 1]; // field 5 is the last one
    }

    Node add() {
        var node = new Node(nodeCount++);
        nodes.put(node.id, node);
        return node;
    }

    /** Nodes, each of which dials so many others. */
    void grow(int count, int dials) {
        for (int i = 0; i < count; i++) {
            var node = add();
            var others = new ArrayList<>(nodes.values());
            for (int dial = 0; dial < dials && others.size() > 1; dial++) {
                connect(node, others.get(random.nextInt(others.size())));
            }
        }
    }

    void connect(Node from, Node to) {
        if (from == to || !to.up || from.links.containsKey(to.id)) {
            return;
        }
        long nanos = (long) ((10 + random.nextDouble() * 90) * MILLI);
        from.links.put(to.id, nanos);
        to.links.put(from.id, nanos);
        from.router.connected(to.id, Version.V1_2, true, to.address);
        to.router.connected(from.id, Version.V1_2, false, from.address);
    }

    void stop(Node node) {
        node.up = false;
        for (var peer : List.copyOf(node.links.keySet())) {
            var other = nodes.get(peer);
            if (other != null) {
                other.links.remove(node.id);
                other.router.disconnected(node.id, now);
            }
        }
        node.links.clear();
        nodes.remove(node.id);
    }

    Node any(boolean honest) {
        var fitting = nodes.values().stream()
                .filter(node -> node.up && node.honest == honest)
                .toList();
        return fitting.get(random.nextInt(fitting.size()));
    }

    void after(long nanos, Runnable what) {
        steps.add(new Step(now + nanos, stepCount++, what));
    }

    void run(Duration time) {
        long end = now + time.toNanos();
        for (@Nullable Step step = steps.peek(); step != null && step.at <= end; step = steps.peek()) {
            steps.remove();
            now = step.at;
            step.what.run();
        }
        now = end;
    }

    long now() {
        return now;
    }

    // ---- what to look at ----

    /** Of all messages to all honest nodes that were there from sending to end: which part arrived. */
    double deliveryRatio() {
        long expected = 0;
        long arrived = 0;
        for (var what : sent.values()) {
            for (var node : what.expected) {
                if (nodes.containsKey(node)) {
                    expected++;
                    arrived += what.millis.containsKey(node) ? 1 : 0;
                }
            }
        }
        return expected == 0 ? 1 : (double) arrived / expected;
    }

    double meanHops() {
        return sent.values().stream()
                .flatMap(what -> what.hops.values().stream())
                .filter(hops -> hops > 0)
                .mapToInt(hops -> hops)
                .average()
                .orElse(0);
    }

    int maxHops() {
        return sent.values().stream()
                .flatMap(what -> what.hops.values().stream())
                .mapToInt(hops -> hops)
                .max()
                .orElse(0);
    }

    long percentileMillis(double part) {
        var all = sent.values().stream()
                .flatMap(what -> what.millis.values().stream())
                .sorted()
                .toList();
        return all.isEmpty() ? 0 : all.get((int) Math.min(all.size() - 1L, Math.round(part * all.size())));
    }

    /** Copies beside the first one, for each delivery. */
    double duplicates() {
        long copies = 0;
        long delivered = 0;
        for (var node : nodes.values()) {
            copies += node.count(GossipEvent.DUPLICATE);
            delivered += node.count(GossipEvent.DELIVERED);
        }
        return delivered == 0 ? 0 : (double) copies / delivered;
    }

    /** The part of the links of honest nodes' meshes that go to nodes which are not. */
    double dishonestLinks() {
        long all = 0;
        long bad = 0;
        for (var node : nodes.values()) {
            if (node.honest) {
                for (var peer : node.mesh()) {
                    var other = nodes.get(peer);
                    all++;
                    bad += other != null && !other.honest ? 1 : 0;
                }
            }
        }
        return all == 0 ? 0 : (double) bad / all;
    }
}
