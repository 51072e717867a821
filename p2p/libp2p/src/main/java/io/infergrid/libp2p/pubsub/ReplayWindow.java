package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;
import java.util.LinkedHashMap;
import java.util.TreeSet;

/**
 * The numbers of each author's messages: none is taken twice, however long ago the first was. An author counts upwards, but its messages may
 * overtake each other; so the last {@value #KEPT} numbers are kept, and one below all of them is old. Bounded in authors: the one that was
 * silent for longest is forgotten. Not thread-safe.
 */
final class ReplayWindow {

    static final int KEPT = 32;

    private final int maxAuthors;
    private final LinkedHashMap<PeerId, TreeSet<Long>> authors = new LinkedHashMap<>(16, 0.75f, true);

    ReplayWindow(int maxAuthors) {
        this.maxAuthors = maxAuthors;
    }

    /** Whether the number is new; then it is not any more. Numbers are unsigned. */
    boolean accept(PeerId author, long number) {
        var kept = authors.computeIfAbsent(author, _ -> new TreeSet<>(Long::compareUnsigned));
        if (authors.size() > maxAuthors) {
            authors.pollFirstEntry();
        }
        if (kept.size() >= KEPT && Long.compareUnsigned(number, kept.first()) < 0) {
            return false;
        }
        if (!kept.add(number)) {
            return false;
        }
        if (kept.size() > KEPT) {
            kept.pollFirst();
        }
        return true;
    }

    int authors() {
        return authors.size();
    }
}
