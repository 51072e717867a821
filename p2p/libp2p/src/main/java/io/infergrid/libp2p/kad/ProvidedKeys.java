package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.codec.Multihash;
import java.util.Set;

/** Remembers what this node provides, so that it is published again after a restart. Thread-safe. */
public interface ProvidedKeys {

    /** What was remembered, read once at the start. */
    Set<Multihash> load();

    /** Remembers a key; one that fails to is logged and forgotten at the next start. */
    void add(Multihash key);

    void remove(Multihash key);

    /** Forgets all at the end of the process. */
    static ProvidedKeys inMemory() {
        return new ProvidedKeys() {
            @Override
            public Set<Multihash> load() {
                return Set.of();
            }

            @Override
            public void add(Multihash key) {
                // the DHT itself knows it as long as it runs
            }

            @Override
            public void remove(Multihash key) {
                // nothing was kept
            }
        };
    }
}
