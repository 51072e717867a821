package io.infergrid.libp2p.peers;

import java.time.InstantSource;

class MemoryAddressBookTest extends AddressBookContract {

    @Override
    protected AddressBook book(InstantSource clock, int maxPeers) {
        return new MemoryAddressBook(clock, maxPeers);
    }
}
