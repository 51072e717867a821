package io.infergrid.libp2p.pubsub;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Versions of the protocol, oldest first; each can what those before it can. */
enum Version {
    V1_0("/meshsub/1.0.0"),
    /** PRUNE carries a backoff and other peers. */
    V1_1("/meshsub/1.1.0"),
    /** IDONTWANT. */
    V1_2("/meshsub/1.2.0");

    private final String protocol;

    Version(String protocol) {
        this.protocol = protocol;
    }

    String protocol() {
        return protocol;
    }

    boolean atLeast(Version other) {
        return compareTo(other) >= 0;
    }

    static Optional<Version> of(String protocol) {
        return Arrays.stream(values()).filter(v -> v.protocol.equals(protocol)).findFirst();
    }

    /** Protocol names up to a version, newest first. */
    static List<String> upTo(Version newest) {
        return Arrays.stream(values())
                .filter(newest::atLeast)
                .map(Version::protocol)
                .toList()
                .reversed();
    }
}
