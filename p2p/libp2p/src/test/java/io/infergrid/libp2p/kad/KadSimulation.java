package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A network of nodes in virtual time, one event after the other in one thread: the tables and lookups are those of the product, only
 * requests and time are played. All that is random comes from one seed.
 *
 * <p>Run it by itself for more nodes than the tests have:
 *
 * <pre>{@code
 * mvn -q -pl p2p/libp2p test-compile exec:exec -Dexec.executable=java -Dexec.classpathScope=test \
 *     "-Dexec.args=-cp %classpath io.infergrid.libp2p.kad.KadSimulation 10000 1000 30 1"
 * }</pre>
 */
final class KadSimulation {

    /** How the played network is. All times in milliseconds. */
    record Network(int nodes, double gone, long shortestRpc, long longestRpc, long timeout, long patience) {

        /** Each request takes one round, also one that nobody answers: what time it is says how many rounds went by. */
        static Network inRounds(int nodes, double gone) {
            return new Network(nodes, gone, 1, 1, 1, Long.MAX_VALUE / 2);
        }

        /** Round trips of 20 to 200 ms; a peer that is gone costs the whole limit of a request. */
        static Network inTime(int nodes, double gone) {
            return new Network(
                    nodes,
                    gone,
                    20,
                    200,
                    KadLimits.DEFAULT.rpc().toMillis(),
                    KadLimits.DEFAULT.patience().toMillis());
        }
    }

    /** What a number of lookups came to. */
    record Report(
            int lookups,
            double found,
            double ofNearest,
            long longest,
            long median,
            double asked,
            double failed,
            int deepest,
            long requestsInAll) {

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d lookups: nearest live node found %.2f %%, of the 20 nearest %.2f %%; rounds or ms: median %d, most %d;"
                            + " asked %.1f of which gone %.1f; longest chain %d",
                    lookups,
                    100 * found,
                    100 * ofNearest,
                    median,
                    longest,
                    asked,
                    failed,
                    deepest);
        }
    }

    private final class Node {
        final Contact contact;
        final Object network;
        final RoutingTable table;
        boolean gone;
        boolean liar;

        Node(Contact contact, Object network, RoutingTable.Diversity diversity) {
            this.contact = contact;
            this.network = network;
            table = new RoutingTable(contact.key(), shape.k(), diversity, Duration.ofMinutes(10), clock);
        }

        List<Contact> answer(KadKey target, Node asker) {
            if (liar) {
                return accomplices(target);
            }
            table.offer(asker.contact, asker.network);
            return table.closest(target, shape.k());
        }
    }

    private record Event(long at, long number, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    private final Lookup.Shape shape;
    private final Random random;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<PeerId, Node> byPeer = new HashMap<>();
    private final InstantSource clock = () -> Instant.ofEpochMilli(this.now);
    private Network network;
    private List<Node> liars = List.of();
    private long now;
    private long number;
    private long requests;

    private KadSimulation(Network network, Lookup.Shape shape, long seed) {
        this.network = network;
        this.shape = shape;
        random = new Random(seed);
    }

    /** Nodes that joined one after the other, each through one that was there, and then refreshed their buckets. */
    static KadSimulation grown(int nodes, Lookup.Shape shape, long seed) {
        var simulation = new KadSimulation(Network.inRounds(nodes, 0), shape, seed);
        for (int i = 0; i < nodes; i++) {
            var node = simulation.newNode();
            if (i > 0) {
                var first = simulation.nodes.get(simulation.random.nextInt(i));
                simulation.join(node, first);
            }
        }
        simulation.refreshAll();
        return simulation;
    }

    private Node newNode() {
        var point = new byte[32];
        random.nextBytes(point);
        var peer = PublicKey.ed25519(point).peerId();
        int ip = random.nextInt();
        var address = Multiaddr.parse(String.format(
                Locale.ROOT, "/ip4/%d.%d.%d.%d/tcp/4001", 11 + (ip >>> 28), ip >> 16 & 255, ip >> 8 & 255, ip & 255));
        var node = new Node(
                new Contact(peer, List.of(address)),
                java.util.Objects.requireNonNull(AddressScope.network(address)),
                RoutingTable.Diversity.DEFAULT);
        nodes.add(node);
        byPeer.put(peer, node);
        return node;
    }

    private void join(Node node, Node first) {
        node.table.offer(first.contact, first.network);
        look(node, node.contact.key(), _ -> {});
        run();
    }

    private void refreshAll() {
        for (var node : nodes) {
            // a random key differs from ours first in a random bit: half of all lookups fill the farthest bucket, and
            // so on
            look(node, randomKey(), _ -> {});
            look(node, new KadKey(~node.contact.key().a(), random.nextLong(), 0, 0), _ -> {});
            run();
        }
    }

    private KadKey randomKey() {
        return new KadKey(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    }

    /** That part of the nodes vanishes without a word. */
    void vanish(double part) {
        var shuffled = new ArrayList<>(nodes);
        java.util.Collections.shuffle(shuffled, random);
        shuffled.subList(0, (int) (part * nodes.size())).forEach(node -> node.gone = true);
    }

    /** That part of the nodes answers every request with accomplices. */
    void corrupt(double part) {
        var shuffled = new ArrayList<>(nodes);
        java.util.Collections.shuffle(shuffled, random);
        liars = List.copyOf(shuffled.subList(0, (int) (part * nodes.size())));
        liars.forEach(node -> node.liar = true);
    }

    /** Liars whose keys were ground until they lay all around the target. */
    private List<Contact> accomplices(KadKey target) {
        var result = new ArrayList<Contact>();
        for (int i = 0; i < shape.k(); i++) {
            var liar = liars.get(i).contact;
            result.add(new Contact(
                    liar.peer(), new KadKey(target.a(), target.b(), target.c(), target.d() ^ i + 1), liar.addresses()));
        }
        return result;
    }

    /** Looks for random keys from random live nodes, one after the other. */
    Report look(int lookups, Network through) {
        network = through;
        var durations = new long[lookups];
        long asked = 0;
        long failed = 0;
        int found = 0;
        int nearestFound = 0;
        int nearestInAll = 0;
        int deepest = 0;
        var live = nodes.stream().filter(n -> !n.gone && !n.liar).toList();
        for (int i = 0; i < lookups; i++) {
            var target = randomKey();
            var from = live.get(random.nextInt(live.size()));
            long start = now;
            var result = new Lookup[1];
            long[] end = new long[1];
            look(from, target, done -> {
                result[0] = done;
                end[0] = now;
            });
            run();
            durations[i] = end[0] - start;
            asked += result[0].asked();
            failed += result[0].failures();
            deepest = Math.max(deepest, result[0].depth());
            var right = nearest(live, target, from);
            var got = new HashSet<>(result[0].closest());
            found += result[0].keepers().contains(right.getFirst()) ? 1 : 0;
            nearestFound += (int) right.stream().filter(got::contains).count();
            nearestInAll += right.size();
        }
        Arrays.sort(durations);
        return new Report(
                lookups,
                (double) found / lookups,
                (double) nearestFound / nearestInAll,
                durations[lookups - 1],
                durations[lookups / 2],
                (double) asked / lookups,
                (double) failed / lookups,
                deepest,
                requests);
    }

    private List<Contact> nearest(List<Node> live, KadKey target, Node without) {
        var best = new java.util.TreeSet<Contact>((x, y) -> target.compareDistance(x.key(), y.key()));
        for (var node : live) {
            if (node != without) {
                best.add(node.contact);
                if (best.size() > shape.k()) {
                    best.remove(best.last());
                }
            }
        }
        return List.copyOf(best);
    }

    // ---- a lookup, as the network driver runs it

    private void look(Node from, KadKey target, Consumer<Lookup> whenDone) {
        var lookup = new Lookup(target, from.contact.peer(), from.table.closest(target, shape.k()), shape);
        Set<Lookup> told = new HashSet<>();
        go(from, target, lookup, whenDone, told);
    }

    private void go(Node from, KadKey target, Lookup lookup, Consumer<Lookup> whenDone, Set<Lookup> told) {
        for (var contact : lookup.ask()) {
            var to = java.util.Objects.requireNonNull(byPeer.get(contact.peer()));
            requests++;
            if (to.gone) {
                after(Math.min(network.patience, network.timeout), () -> {
                    lookup.slow(contact);
                    go(from, target, lookup, whenDone, told);
                });
                after(network.timeout, () -> {
                    from.table.remove(contact.peer());
                    lookup.failed(contact);
                    go(from, target, lookup, whenDone, told);
                });
            } else {
                long trip = network.shortestRpc
                        + (network.longestRpc > network.shortestRpc
                                ? random.nextLong(network.longestRpc - network.shortestRpc)
                                : 0);
                after(trip, () -> {
                    from.table.offer(to.contact, to.network);
                    lookup.answered(contact, to.answer(target, from));
                    go(from, target, lookup, whenDone, told);
                });
            }
        }
        if (lookup.done() && told.add(lookup)) {
            whenDone.accept(lookup);
        }
    }

    private void after(long delay, Runnable what) {
        events.add(new Event(now + delay, number++, what));
    }

    private void run() {
        for (Event next; (next = events.poll()) != null; ) {
            now = next.at();
            next.what().run();
        }
    }

    int tableSizes() {
        return (int) nodes.stream().mapToInt(n -> n.table.size()).average().orElse(0);
    }

    public static void main(String[] args) {
        int count = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
        int lookups = args.length > 1 ? Integer.parseInt(args[1]) : 1000;
        double gone = (args.length > 2 ? Integer.parseInt(args[2]) : 30) / 100.0;
        long seed = args.length > 3 ? Long.parseLong(args[3]) : 1;
        System.out.printf(
                Locale.ROOT,
                "%d nodes, %.0f %% gone, seed %d; log2(n) = %.1f%n",
                count,
                100 * gone,
                seed,
                Math.log(count) / Math.log(2));
        var all = args.length > 4
                ? List.of(
                        Lookup.Shape.DEFAULT,
                        Lookup.Shape.DEFAULT.withPaths(1),
                        Lookup.Shape.DEFAULT.withAlpha(3).withPaths(1),
                        Lookup.Shape.DEFAULT.withAlpha(6),
                        Lookup.Shape.DEFAULT.withPaths(5),
                        Lookup.Shape.DEFAULT.withAlpha(20).withPaths(4))
                : List.of(Lookup.Shape.DEFAULT);
        for (var shape : all) {
            long start = System.nanoTime();
            var simulation = grown(count, shape, seed);
            System.out.printf(
                    Locale.ROOT,
                    "%s%n  grown in %.1f s of this machine, %d requests, %d peers in a table%n",
                    shape,
                    (System.nanoTime() - start) / 1e9,
                    simulation.requests,
                    simulation.tableSizes());
            simulation.vanish(gone);
            System.out.println("  in rounds  " + simulation.look(lookups, Network.inRounds(count, gone)));
            System.out.println("  in time    " + simulation.look(lookups, Network.inTime(count, gone)));
        }
    }
}
