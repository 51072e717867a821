package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.PeerId;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who said that it provides what. Bounded for each key, for each peer and in all; what is full takes nobody new until something
 * expires, so that a flood does not drive out those who were there. Thread-safe.
 */
final class ProviderStore {

    private record Provided(Contact contact, Instant until) {}

    private final KadLimits.Stores limits;
    private final InstantSource clock;
    private final Map<ByteBuffer, LinkedHashMap<PeerId, Provided>> byKey = new HashMap<>();
    private final Map<PeerId, Integer> keysOf = new HashMap<>();
    private int total;

    ProviderStore(KadLimits.Stores limits, InstantSource clock) {
        this.limits = limits;
        this.clock = clock;
    }

    /** Keeps or renews a record; false if there is no room for it. */
    synchronized boolean add(byte[] key, Contact provider) {
        var wrapped = ByteBuffer.wrap(key.clone());
        if (renew(wrapped, provider)) {
            return true;
        }
        if (isFull(wrapped, provider.peer())) {
            sweep();
            if (isFull(wrapped, provider.peer())) {
                return false;
            }
        }
        byKey.computeIfAbsent(wrapped, _ -> new LinkedHashMap<>()).put(provider.peer(), provided(provider));
        keysOf.merge(provider.peer(), 1, Integer::sum);
        total++;
        return true;
    }

    private boolean renew(ByteBuffer key, Contact provider) {
        var providers = byKey.get(key);
        return providers != null && providers.replace(provider.peer(), provided(provider)) != null;
    }

    private Provided provided(Contact provider) {
        return new Provided(provider, clock.instant().plus(limits.expiry()));
    }

    private boolean isFull(ByteBuffer key, PeerId peer) {
        var providers = byKey.get(key);
        return total >= limits.providers()
                || keysOf.getOrDefault(peer, 0) >= limits.keysPerPeer()
                || providers != null && providers.size() >= limits.providersPerKey();
    }

    /** Those who provide a key, the latest to say so first. */
    synchronized List<Contact> of(byte[] key) {
        var providers = byKey.get(ByteBuffer.wrap(key));
        if (providers == null) {
            return List.of();
        }
        var now = clock.instant();
        return providers.values().stream()
                .filter(p -> p.until().isAfter(now))
                .map(Provided::contact)
                .toList()
                .reversed();
    }

    /** Drops what expired. */
    synchronized void sweep() {
        var now = clock.instant();
        for (var key : new ArrayList<>(byKey.keySet())) {
            var providers = byKey.get(key);
            if (providers == null) {
                continue;
            }
            providers.entrySet().removeIf(e -> {
                boolean gone = !e.getValue().until().isAfter(now);
                if (gone) {
                    keysOf.merge(e.getKey(), -1, (a, b) -> a + b == 0 ? null : a + b);
                    total--;
                }
                return gone;
            });
            if (providers.isEmpty()) {
                byKey.remove(key);
            }
        }
    }

    /** Forgets all that a peer said, which misbehaved. */
    synchronized void forget(PeerId peer) {
        if (keysOf.remove(peer) == null) {
            return;
        }
        byKey.values().removeIf(providers -> {
            if (providers.remove(peer) != null) {
                total--;
            }
            return providers.isEmpty();
        });
    }

    synchronized int size() {
        return total;
    }
}
