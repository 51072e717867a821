package io.infergrid.grid.exchange;

import io.infergrid.grid.Hash;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.time.Duration;
import java.util.List;

/**
 * Where it is written down who has what, e.g. a DHT. Keys are SHA-256 digests that mean the same to everyone: a model's {@code
 * modelRoot} for nodes that have its manifest and at least one whole shard, and a {@linkplain io.infergrid.grid.model.Shard#root
 * shard's root} for nodes that have that shard whole. An answer is a hint and may be wrong or old: whoever uses it connects, which
 * proves the identity, and asks the peer itself what it has.
 *
 * <p>Thread-safe. Nothing here throws for a network that fails: what cannot be found is not there.
 */
public interface ProviderDirectory {

    /** A peer that says it has something, and where it may be dialled; no addresses if only the host knows them. */
    record Provider(PeerId peer, List<Multiaddr> addresses) {
        public Provider {
            addresses = List.copyOf(addresses);
        }
    }

    /** This node has {@code key} from now on. Returns at once; publishing, and doing it again in time, is the directory's affair. */
    void provide(Hash key);

    /** This node no longer has {@code key}: it is not published again. Returns at once. */
    void withdraw(Hash key);

    /**
     * Looks for peers that have {@code key}, without this node. Blocks.
     *
     * @param most as many are enough
     * @param limit after so long what was found is returned
     */
    List<Provider> find(Hash key, int most, Duration limit) throws InterruptedException;

    /** One that knows nobody, for a node without a DHT. */
    static ProviderDirectory none() {
        return new ProviderDirectory() {
            @Override
            public void provide(Hash key) {
                // nobody to tell
            }

            @Override
            public void withdraw(Hash key) {
                // nobody was told
            }

            @Override
            public List<Provider> find(Hash key, int most, Duration limit) {
                return List.of();
            }
        };
    }
}
