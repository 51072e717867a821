package io.infergrid.libp2p;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts of what happened at a host since it started. Thread-safe. */
public final class Counters {

    private final Map<Event, LongAdder> counts = new EnumMap<>(Event.class);

    public Counters() {
        for (var event : Event.values()) {
            counts.put(event, new LongAdder());
        }
    }

    public void count(Event event) {
        adder(event).increment();
    }

    public long of(Event event) {
        return adder(event).sum();
    }

    /** All counts at this moment, zeros left out. */
    public Map<Event, Long> snapshot() {
        var result = new EnumMap<Event, Long>(Event.class);
        counts.forEach((event, adder) -> {
            if (adder.sum() > 0) {
                result.put(event, adder.sum());
            }
        });
        return result;
    }

    private LongAdder adder(Event event) {
        return java.util.Objects.requireNonNull(counts.get(event));
    }
}
