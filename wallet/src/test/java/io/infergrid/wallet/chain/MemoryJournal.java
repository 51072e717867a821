package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A journal that survives what a test calls a crash. */
public class MemoryJournal implements NonceJournal {

    final Map<String, Entry> entries = new LinkedHashMap<>();

    @Override
    public synchronized void put(Entry entry) {
        entries.put(entry.id(), entry);
    }

    @Override
    public synchronized Optional<Entry> find(String id) {
        return Optional.ofNullable(entries.get(id));
    }

    @Override
    public synchronized List<Entry> open(long chainId, Address from) {
        return entries.values().stream()
                .filter(entry -> entry.state().open()
                        && entry.chainId() == chainId
                        && entry.from().equals(from))
                .sorted(Comparator.comparingLong(Entry::nonce))
                .toList();
    }
}
