package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.identity.PublicKey;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;

/** Peers that exist on paper only. */
final class Contacts {

    private final Random random;

    Contacts(long seed) {
        random = new Random(seed);
    }

    Contact next() {
        var point = new byte[32];
        random.nextBytes(point);
        return new Contact(
                PublicKey.ed25519(point).peerId(),
                List.of(Multiaddr.parse(
                        "/ip4/192.0.2." + random.nextInt(255) + "/tcp/" + (1 + random.nextInt(60000)))));
    }

    Contact next(Predicate<Contact> wanted) {
        while (true) {
            var contact = next();
            if (wanted.test(contact)) {
                return contact;
            }
        }
    }
}
