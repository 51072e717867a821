package io.infergrid.libp2p.transport;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Bytes that may be set aside, within those of a wider budget. Thread-safe. */
public final class MemoryBudget {

    private final @Nullable MemoryBudget wider;
    private final long limit;
    private final AtomicLong used = new AtomicLong();

    public MemoryBudget(long limit) {
        this(null, limit);
    }

    private MemoryBudget(@Nullable MemoryBudget wider, long limit) {
        this.wider = wider;
        this.limit = limit;
    }

    /** A budget within this one. */
    public MemoryBudget part(long limit) {
        return new MemoryBudget(this, limit);
    }

    /** Sets bytes aside, or returns false and sets nothing aside. */
    public boolean reserve(long bytes) {
        if (used.addAndGet(bytes) > limit) {
            used.addAndGet(-bytes);
            return false;
        }
        if (wider != null && !wider.reserve(bytes)) {
            used.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    public void release(long bytes) {
        used.addAndGet(-bytes);
        if (wider != null) {
            wider.release(bytes);
        }
    }

    /** The most bytes that may be set aside here. */
    public long limit() {
        return limit;
    }

    public long used() {
        return used.get();
    }
}
