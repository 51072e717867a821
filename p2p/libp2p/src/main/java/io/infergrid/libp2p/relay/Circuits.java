package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Carries bytes between pairs of streams until both sides are done or the limit of a circuit is reached. */
final class Circuits implements AutoCloseable {

    private final RelayLimits limits;
    private final Set<Circuit> open = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService time = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("libp2p-circuits").factory());

    Circuits(RelayLimits limits) {
        this.limits = limits;
    }

    int open() {
        return open.size();
    }

    /** Carries until both sides are done; blocks meanwhile. False if it was cut for a limit. */
    boolean run(Stream near, Stream far) {
        var circuit = new Circuit(near, far);
        open.add(circuit);
        try {
            return circuit.run();
        } finally {
            open.remove(circuit);
        }
    }

    private final class Circuit {

        private final Stream near;
        private final Stream far;
        private final AtomicBoolean cut = new AtomicBoolean();

        Circuit(Stream near, Stream far) {
            this.near = near;
            this.far = far;
        }

        boolean run() {
            near.timeout(Duration.ZERO);
            far.timeout(Duration.ZERO);
            var duration = limits.circuit().duration();
            var due = duration.isZero() ? null : time.schedule(this::cut, duration.toMillis(), TimeUnit.MILLISECONDS);
            try {
                var back = Thread.ofVirtual().name("libp2p-circuit").start(() -> carry(far, near));
                carry(near, far);
                back.join();
            } catch (InterruptedException e) {
                cut();
                Thread.currentThread().interrupt();
            } finally {
                if (due != null) {
                    due.cancel(false);
                }
            }
            return !cut.get();
        }

        private void carry(Stream from, Stream to) {
            var buffer = new byte[limits.bufferBytes()];
            long most = limits.circuit().bytes() == 0
                    ? Long.MAX_VALUE
                    : limits.circuit().bytes();
            long carried = 0;
            try {
                while (true) {
                    int n = from.in().read(buffer);
                    if (n < 0) {
                        to.closeWrite();
                        return;
                    }
                    carried += n;
                    if (carried > most) {
                        cut();
                        return;
                    }
                    to.out().write(buffer, 0, n);
                    to.out().flush();
                }
            } catch (IOException e) {
                drop(); // one side is gone, so the other has nothing to wait for
            }
        }

        private void cut() {
            cut.set(true);
            drop();
        }

        void drop() {
            near.reset();
            far.reset();
        }
    }

    @Override
    public void close() {
        open.forEach(Circuit::drop);
        time.shutdownNow();
    }
}
