package io.infergrid.wallet.chain;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Keeps events as the program's store does, and checks that no change contradicts the ones before. */
public final class MemoryEvents implements EventCursorStore {

    private final Map<String, Position> positions = new HashMap<>();
    private final Map<ChainEvent.Key, ChainEvent> events = new HashMap<>();

    @Override
    public Optional<Position> position(String cursor) {
        return Optional.ofNullable(positions.get(cursor));
    }

    @Override
    public List<ChainEvent> events(String cursor, long fromBlock) {
        return events.values().stream()
                .filter(event -> event.block() >= fromBlock)
                .sorted(Comparator.comparingLong(ChainEvent::block).thenComparingLong(ChainEvent::logIndex))
                .toList();
    }

    @Override
    public void apply(String cursor, Position position, List<ChainChange> changes) {
        for (ChainChange change : changes) {
            ChainEvent event = change.event();
            boolean known = events.containsKey(event.key());
            switch (change) {
                case ChainChange.Appeared appeared -> require(!known, "appeared twice");
                case ChainChange.Confirmed confirmed -> require(known, "confirmed before it appeared");
                case ChainChange.Reversed reversed -> require(known, "reversed before it appeared");
            }
            if (change instanceof ChainChange.Reversed) {
                events.remove(event.key());
            } else {
                events.put(event.key(), event);
            }
        }
        positions.put(cursor, position);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /** The first topics of all standing events, as numbers, in order. */
    public List<Long> numbers() {
        var numbers = new ArrayList<Long>();
        events("", 0)
                .forEach(event ->
                        numbers.add(event.topics().getFirst().toNumber().longValueExact()));
        return numbers;
    }
}
