package io.infergrid.grid.discovery;

import io.infergrid.grid.Hash;
import io.infergrid.grid.exchange.ProviderDirectory;
import io.infergrid.libp2p.codec.Multihash;
import io.infergrid.libp2p.kad.Kademlia;
import java.time.Duration;
import java.util.List;

/** Providers in the DHT: the key is the digest as a SHA-256 multihash, so that any libp2p peer can look for it. */
final class KadDirectory implements ProviderDirectory {

    private final Kademlia kad;

    KadDirectory(Kademlia kad) {
        this.kad = kad;
    }

    private static Multihash key(Hash hash) {
        return new Multihash(Multihash.SHA2_256, hash.bytes());
    }

    @Override
    public void provide(Hash key) {
        kad.provide(key(key));
    }

    @Override
    public void withdraw(Hash key) {
        kad.withdraw(key(key));
    }

    @Override
    public List<Provider> find(Hash key, int most, Duration limit) throws InterruptedException {
        return kad.findProviders(key(key), most, limit).stream()
                .map(contact -> new Provider(contact.peer(), contact.addresses()))
                .toList();
    }
}
