package io.infergrid.compute.vulkan;

import java.util.Map;
import java.util.TreeMap;

/** Counts the Vulkan objects that were made and not yet freed, by kind. Thread-safe. */
public final class LiveObjects {

    private final Map<String, Integer> counts = new TreeMap<>();

    synchronized void made(String kind) {
        counts.merge(kind, 1, Integer::sum);
    }

    synchronized void freed(String kind) {
        int left = counts.getOrDefault(kind, 0) - 1;
        if (left < 0) {
            throw new IllegalStateException("expected a live " + kind + " to free, found none");
        }
        if (left == 0) {
            counts.remove(kind);
        } else {
            counts.put(kind, left);
        }
    }

    /** Live objects by kind; empty if nothing leaks. */
    public synchronized Map<String, Integer> counts() {
        return Map.copyOf(counts);
    }
}
