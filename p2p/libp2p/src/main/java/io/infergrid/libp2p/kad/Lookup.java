package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.PeerId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The walk towards a key: who is to be asked next, given who answered what. Several paths go side by side, each seeded with other
 * peers; a peer is asked on one path only and what it says is believed on that path only, so that liars lead astray the path that
 * they are on and no other (Baumgart and Mies, S/Kademlia, 2007). A path ends when the {@code k} nearest of those it knows have
 * answered; who does not answer makes room for the next.
 *
 * <p>Knows no network and no time: {@link #ask} says whom to ask, and the caller reports back. Not thread-safe.
 */
public final class Lookup {

    /**
     * How wide and how careful.
     *
     * @param k peers that are looked for
     * @param alpha peers that are asked at once, over all paths; k of them once one of the paths has arrived
     * @param paths that go side by side
     * @param most peers that are asked in all, however many turn up
     */
    public record Shape(int k, int alpha, int paths, int most) {

        public static final Shape DEFAULT = new Shape(20, 10, 5, 400);

        public Shape {
            if (k < 1 || alpha < 1 || paths < 1 || most < k) {
                throw new IllegalArgumentException(
                        "expected k, alpha and paths of 1 or more and most of k or more, found " + k + ", " + alpha
                                + ", " + paths + ", " + most);
            }
        }

        public Shape withPaths(int other) {
            return new Shape(k, alpha, other, most);
        }

        public Shape withAlpha(int other) {
            return new Shape(k, other, paths, most);
        }
    }

    private enum State {
        NEW,
        ASKED,
        /** Asked, and takes so long that another is asked beside it. */
        SLOW,
        ANSWERED,
        FAILED
    }

    private static final class Node {
        Contact contact;
        State state = State.NEW;
        boolean retried;
        int path = -1;
        final int depth;

        Node(Contact contact, int depth) {
            this.contact = contact;
            this.depth = depth;
        }
    }

    private static final class Path {
        /** Those that did not fail, nearest first. */
        final TreeSet<Node> nearest;

        int inFlight;

        Path(Comparator<Node> order) {
            nearest = new TreeSet<>(order);
        }
    }

    private final PeerId self;
    private final Shape shape;
    private final Comparator<Node> order;
    private final Map<KadKey, Node> nodes = new HashMap<>();
    private final List<Path> paths = new ArrayList<>();
    private int inFlight;
    private int asked;
    private int failed;
    private int depth;
    /** The nearest that a path knows named nobody nearer: all of the k nearest are asked at once now (section 2.3 of the paper). */
    private boolean arrived;

    private boolean stopped;

    /**
     * A lookup that begins with {@code seeds}, nearest first.
     *
     * @param self never asked
     */
    public Lookup(KadKey target, PeerId self, List<Contact> seeds, Shape shape) {
        this.self = self;
        this.shape = shape;
        order = (x, y) -> target.compareDistance(x.contact.key(), y.contact.key());
        for (int i = 0; i < Math.clamp(seeds.size(), 1, shape.paths()); i++) {
            paths.add(new Path(order));
        }
        for (int i = 0; i < seeds.size(); i++) {
            learn(paths.get(i % paths.size()), seeds.get(i), 0);
        }
    }

    /** Whom to ask now; each is to be reported as {@link #answered} or {@link #failed}, in any order. */
    public List<Contact> ask() {
        var now = new ArrayList<Contact>();
        if (!stopped) {
            int places = arrived ? Math.max(shape.alpha(), shape.k()) : shape.alpha();
            ask(places, Math.ceilDiv(places, paths.size()), now);
            ask(places, places, now); // what one path has no use for, another has
        }
        return now;
    }

    /** One from each path in turn, while there are places. */
    private void ask(int places, int share, List<Contact> now) {
        for (boolean more = true; more; ) {
            more = false;
            for (int i = 0; i < paths.size() && inFlight < places && asked < shape.most(); i++) {
                var path = paths.get(i);
                var next = path.inFlight < share ? next(path) : null;
                if (next != null) {
                    next.state = State.ASKED;
                    next.path = i;
                    path.inFlight++;
                    inFlight++;
                    asked++;
                    now.add(next.contact);
                    more = true;
                }
            }
        }
    }

    /** The nearest that nobody asked, among the {@code k} nearest that are not known to be gone. */
    private @Nullable Node next(Path path) {
        int seen = 0;
        for (var node : path.nearest) {
            if (node.state == State.NEW) {
                return node;
            }
            if (node.state != State.SLOW && ++seen == shape.k()) {
                return null;
            }
        }
        return null;
    }

    /** A peer that was asked named others, which may be none. */
    public void answered(Contact peer, List<Contact> closer) {
        var node = settle(peer, State.ANSWERED);
        if (node == null || stopped) {
            return;
        }
        depth = Math.max(depth, node.depth + 1);
        var path = paths.get(node.path);
        closer.stream().limit(shape.k()).forEach(contact -> learn(path, contact, node.depth + 1));
        arrived |= path.nearest.first() == node;
    }

    /** A peer that was asked cannot be reached or broke the protocol. */
    public void failed(Contact peer) {
        var node = settle(peer, State.FAILED);
        if (node != null) {
            failed++;
            paths.forEach(path -> path.nearest.remove(node));
        }
    }

    /** A peer that was asked has not answered for a while: another may be asked meanwhile. Its answer is still welcome. */
    public void slow(Contact peer) {
        var node = nodes.get(peer.key());
        if (node != null && node.state == State.ASKED) {
            node.state = State.SLOW;
            inFlight--;
            paths.get(node.path).inFlight--;
        }
    }

    private @Nullable Node settle(Contact peer, State state) {
        var node = nodes.get(peer.key());
        if (node == null || node.state != State.ASKED && node.state != State.SLOW) {
            return null; // not asked, or told before
        }
        if (node.state == State.ASKED) {
            inFlight--;
            paths.get(node.path).inFlight--;
        }
        node.state = state;
        return node;
    }

    private void learn(Path path, Contact contact, int atDepth) {
        if (contact.peer().equals(self)) {
            return;
        }
        var node = nodes.computeIfAbsent(contact.key(), _ -> new Node(contact, atDepth));
        boolean elsewhere = !node.contact.addresses().containsAll(contact.addresses());
        if (elsewhere && node.state == State.NEW) {
            node.contact = both(node.contact, contact);
        } else if (elsewhere && node.state == State.FAILED && !node.retried) {
            node.contact = contact; // a liar may have named it first, with addresses where it is not
            node.retried = true;
            node.state = State.NEW;
        }
        if (node.state == State.FAILED || !path.nearest.add(node)) {
            return;
        }
        // what is farther than a few times k is never asked; it would only let strangers fill the memory
        while (path.nearest.size() > 8 * shape.k()) {
            var farthest = path.nearest.last();
            path.nearest.remove(farthest);
            if (farthest.state == State.NEW && paths.stream().noneMatch(p -> p.nearest.contains(farthest))) {
                nodes.remove(farthest.contact.key());
            }
        }
    }

    private static Contact both(Contact known, Contact other) {
        var addresses = new LinkedHashSet<>(other.addresses());
        addresses.addAll(known.addresses());
        return new Contact(known.peer(), known.key(), List.copyOf(addresses));
    }

    /** Asks nobody else: what was looked for is found. */
    public void stop() {
        stopped = true;
    }

    /** Whether there is nobody to ask and nobody to wait for, except for those that are slow. */
    public boolean done() {
        return stopped
                || inFlight == 0 && (asked >= shape.most() || paths.stream().allMatch(path -> next(path) == null));
    }

    /** The {@code k} nearest of those that answered, nearest first. */
    public List<Contact> closest() {
        return nodes.values().stream()
                .filter(node -> node.state == State.ANSWERED)
                .sorted(order)
                .limit(shape.k())
                .map(node -> node.contact)
                .toList();
    }

    /**
     * Whom to give a record: the {@code k} nearest, and the nearest of each path, so that a liar who named accomplices all around the
     * key does not keep all copies.
     */
    public List<Contact> keepers() {
        var result = new LinkedHashSet<>(closest());
        for (int i = 0; i < paths.size(); i++) {
            int path = i;
            nodes.values().stream()
                    .filter(node -> node.state == State.ANSWERED && node.path == path)
                    .sorted(order)
                    .limit(Math.ceilDiv(shape.k(), paths.size()))
                    .forEach(node -> result.add(node.contact));
        }
        return List.copyOf(result);
    }

    /** How many peers were asked, */
    public int asked() {
        return asked;
    }

    /** how many of them failed, */
    public int failures() {
        return failed;
    }

    /** and the longest chain of peers of which each was named by the one before. */
    public int depth() {
        return depth;
    }
}
