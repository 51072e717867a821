package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.codec.DecodeException;

/** How one kind of identity key is written and how it verifies. Bytes come from strangers. */
sealed interface KeyScheme permits Ed25519Scheme, Secp256k1Scheme, EcdsaScheme, RsaScheme {

    /** Checks the form of a public key without costly arithmetic, since a peer id may hold the key and ids are read by the thousand. */
    void check(byte[] key) throws DecodeException;

    /** Whether the signature is the key's over the message; a point off the curve or a number out of range verifies nothing. */
    boolean verify(byte[] key, byte[] message, byte[] signature) throws DecodeException;

    static KeyScheme of(KeyType type) {
        return switch (type) {
            case RSA -> RsaScheme.INSTANCE;
            case ED25519 -> Ed25519Scheme.INSTANCE;
            case SECP256K1 -> Secp256k1Scheme.INSTANCE;
            case ECDSA -> EcdsaScheme.INSTANCE;
        };
    }
}
