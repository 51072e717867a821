package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.codec.DecodeException;

/** Kinds of identity keys, in the order of their protobuf numbers (libp2p specs, peer-ids). */
public enum KeyType {
    RSA,
    ED25519,
    SECP256K1,
    ECDSA;

    static KeyType of(long number) throws DecodeException {
        if (number < 0 || number >= values().length) {
            throw new DecodeException("key: expected a type from 0 to 3, found " + number);
        }
        return values()[(int) number];
    }
}
