package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.transport.Link;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Closes a connection when its time is up, however little by little bytes may come; not any more once it is closed itself. */
final class Deadline implements AutoCloseable {

    private final Link raw;
    private final Set<Deadline> running;
    private final ScheduledFuture<?> due;
    private volatile boolean passed;

    /**
     * Begins to count.
     *
     * @param running where this is held until it is closed, so that a host that ends can end what is under way
     */
    Deadline(ScheduledExecutorService clock, Link raw, Duration limit, Set<Deadline> running) {
        this.raw = raw;
        this.running = running;
        due = clock.schedule(this::pass, limit.toNanos(), TimeUnit.NANOSECONDS);
        running.add(this);
    }

    void pass() {
        passed = true;
        raw.close();
    }

    /** The failure as it was, or that time was up, if that is why the connection closed. */
    IOException explain(IOException failure, String what) {
        return passed ? new SocketTimeoutException(what) : failure;
    }

    @Override
    public void close() {
        due.cancel(false);
        running.remove(this);
    }
}
