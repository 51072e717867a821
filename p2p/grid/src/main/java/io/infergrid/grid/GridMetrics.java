package io.infergrid.grid;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;

/** Counters of one node by name, e.g. {@code shards.pieces.bad}. Thread-safe; names appear with their first count. */
public final class GridMetrics {

    private final ConcurrentHashMap<String, LongAdder> counters = new ConcurrentHashMap<>();
    private final CopyOnWriteArrayList<Runnable> heard = new CopyOnWriteArrayList<>();

    /** Calls {@code heard} after each count, on the thread that counts: it must return at once and throw nothing. */
    public void onCount(Runnable heard) {
        this.heard.add(heard);
    }

    public void count(String name) {
        add(name, 1);
    }

    public void add(String name, long amount) {
        counters.computeIfAbsent(name, n -> new LongAdder()).add(amount);
        heard.forEach(Runnable::run);
    }

    public long value(String name) {
        LongAdder counter = counters.get(name);
        return counter == null ? 0 : counter.sum();
    }

    public Map<String, Long> snapshot() {
        var copy = new TreeMap<String, Long>();
        counters.forEach((name, counter) -> copy.put(name, counter.sum()));
        return copy;
    }
}
