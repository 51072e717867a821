package io.infergrid.app.ui;

import io.infergrid.app.core.Observable;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import javafx.application.Platform;
import org.jspecify.annotations.Nullable;

/**
 * The one way from the rig's observables onto the JavaFX thread. Each binding delivers at most 10 times a second and always
 * ends with the newest value; while the window is hidden nothing is delivered at all.
 */
public final class FxBindings {

    static final long INTERVAL_NANOS = 100_000_000;

    private final Executor fxThread;
    private final ScheduledExecutorService clock;
    private final LongSupplier nanoTime;
    private final Set<Binding<?>> bindings = ConcurrentHashMap.newKeySet();
    private volatile boolean asleep;

    /**
     * @param fxThread runs deliveries, {@code Platform::runLater} outside tests
     * @param clock delays deliveries that come too early
     */
    FxBindings(Executor fxThread, ScheduledExecutorService clock, LongSupplier nanoTime) {
        this.fxThread = fxThread;
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    static FxBindings onJavaFx(ScheduledExecutorService clock) {
        return new FxBindings(Platform::runLater, clock, System::nanoTime);
    }

    /** Delivers the present value now, so call it on the JavaFX thread, and each newer one until the pin is closed. */
    public <T> Observable.Pin bind(Observable<T> source, Consumer<? super T> target) {
        var binding = new Binding<T>(target);
        bindings.add(binding);
        binding.pin = source.observe(binding::changed);
        return () -> {
            binding.close();
            bindings.remove(binding);
        };
    }

    /** Holds deliveries back while nobody can see them. */
    void sleep() {
        asleep = true;
    }

    /** Delivers what has changed since {@link #sleep}. */
    void wake() {
        asleep = false;
        bindings.forEach(Binding::schedule);
    }

    private final class Binding<T> {
        private final Consumer<? super T> target;
        private final AtomicReference<@Nullable T> latest = new AtomicReference<>();
        private final AtomicBoolean scheduled = new AtomicBoolean();
        private volatile long deliveredAt;
        private volatile boolean started;
        private volatile boolean closed;
        private Observable.@Nullable Pin pin;

        Binding(Consumer<? super T> target) {
            this.target = target;
        }

        void changed(T value) {
            if (!started) {
                // The first call comes from within observe(), on the thread that binds.
                started = true;
                deliveredAt = nanoTime.getAsLong();
                target.accept(value);
                return;
            }
            latest.set(value);
            schedule();
        }

        void schedule() {
            if (asleep || closed || latest.get() == null || !scheduled.compareAndSet(false, true)) {
                return;
            }
            var early = deliveredAt + INTERVAL_NANOS - nanoTime.getAsLong();
            if (early <= 0) {
                fxThread.execute(this::deliver);
            } else if (!clock.isShutdown()) {
                var _ = clock.schedule(() -> fxThread.execute(this::deliver), early, TimeUnit.NANOSECONDS);
            }
        }

        private void deliver() {
            scheduled.set(false);
            if (asleep || closed) {
                return;
            }
            var value = latest.getAndSet(null);
            if (value != null) {
                deliveredAt = nanoTime.getAsLong();
                target.accept(value);
            }
        }

        void close() {
            closed = true;
            if (pin != null) {
                pin.close();
            }
        }
    }
}
