package io.infergrid.libp2p.kad;

import java.time.Instant;

/**
 * The rules for the records of one namespace, the part between the first two slashes of their keys. A record whose namespace has no
 * rules here is neither kept nor believed.
 */
public interface RecordNamespace {

    /** What is to be done with a record. */
    enum Verdict {
        ACCEPT,
        /** Not to be used, and nobody's fault: it expired. */
        IGNORE,
        /** Nobody honest hands it on. */
        REJECT
    }

    /** Without slashes, e.g. {@code pk}. */
    String name();

    /** The longest value that is taken. */
    default int maxBytes() {
        return KadLimits.MAX_VALUE;
    }

    Verdict check(byte[] key, byte[] value, Instant now);

    /** Whether {@code candidate} is to be used in place of {@code current}; both were accepted. */
    boolean prefers(byte[] key, byte[] candidate, byte[] current);
}
