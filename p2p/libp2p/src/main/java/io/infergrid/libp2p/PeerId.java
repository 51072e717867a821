package io.infergrid.libp2p;

import java.util.HexFormat;

/** A peer's identity: the multihash of its public key. */
public record PeerId(String multihashHex) {

    /** The multihash. */
    public byte[] bytes() {
        return HexFormat.of().parseHex(multihashHex);
    }
}
