package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * One link for each peer. A link is in the table before it starts: the first that a started link does is to tell the router of the peer,
 * and what the router then says at once, its subscriptions, goes to the link that is found here. Thread-safe.
 */
final class LinkTable<L> {

    private final Map<PeerId, L> links = new ConcurrentHashMap<>();
    private final Function<PeerId, L> make;
    private final Consumer<L> start;

    /**
     * @param make called outside of any lock, perhaps for a link that is not used
     * @param start called once for each link that is used
     */
    LinkTable(Function<PeerId, L> make, Consumer<L> start) {
        this.make = make;
        this.start = start;
    }

    Optional<L> find(PeerId peer) {
        return Optional.ofNullable(links.get(peer));
    }

    /** The link to a peer, made and started if there is none. */
    L findOrStart(PeerId peer) {
        var before = links.get(peer);
        if (before != null) {
            return before;
        }
        var link = make.apply(peer);
        before = links.putIfAbsent(peer, link);
        if (before != null) {
            return before;
        }
        start.accept(link);
        return link;
    }

    void remove(PeerId peer, L link) {
        links.remove(peer, link);
    }

    void forEach(BiConsumer<PeerId, L> action) {
        links.forEach(action);
    }
}
