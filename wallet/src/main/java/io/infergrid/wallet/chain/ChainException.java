package io.infergrid.wallet.chain;

import org.jspecify.annotations.Nullable;

/** The chain could not be read, could not be believed, or said no. Nothing was signed unless the message says so. */
public final class ChainException extends RuntimeException {

    /** What went wrong, for who must act on it. */
    public enum Kind {
        /** No endpoint answered. Wait, or name another endpoint in the settings. */
        UNREACHABLE,
        /** An endpoint serves another chain than the configuration says. */
        WRONG_CHAIN,
        /** Every endpoint's newest block is too old. */
        STALE,
        /** Two endpoints tell different histories, and nobody can say which is true. */
        DISAGREEMENT,
        /** A contract's code is not what the configuration pinned. */
        WRONG_CODE,
        /** An answer was malformed or larger than it may be. */
        BAD_ANSWER,
        /** The contract or the node refuses the call; the message has its reason. */
        REFUSED,
        /** The fee asked for is above the network's ceiling. */
        TOO_DEAR
    }

    private final Kind kind;

    public ChainException(Kind kind, String message) {
        this(kind, message, null);
    }

    public ChainException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
