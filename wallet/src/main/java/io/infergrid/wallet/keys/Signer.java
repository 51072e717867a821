package io.infergrid.wallet.keys;

import io.infergrid.wallet.Address;

/** Someone who can sign for one account: a key in memory, or later a device in a drawer. Safe for any thread. */
public interface Signer {

    Address address();

    /**
     * Signs a digest as it is; who calls has shown the person what it stands for.
     *
     * @param digest 32 bytes
     * @throws IllegalStateException if the key was locked away meanwhile
     */
    Signature sign(byte[] digest);
}
