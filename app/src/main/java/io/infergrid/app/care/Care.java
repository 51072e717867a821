package io.infergrid.app.care;

import io.infergrid.app.core.Limits;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.ObservableValue;
import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.Rig.Ability;
import io.infergrid.app.core.Telemetry;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the computer each {@link #PERIOD} and tells the rig what holds and what does not any more. A sensor that fails is logged once
 * and counts as one that knows nothing.
 */
public final class Care implements AutoCloseable {

    /** A game has the card after at most this and the time that stopping takes, 2 s together. */
    public static final Duration PERIOD = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(Care.class);

    /** Hears what holds; called from the thread that looks. */
    public interface Listener {
        void holds(PauseReason reason);

        void gone(Class<? extends PauseReason> kind);
    }

    private final Supplier<Sensors> open;
    private final Supplier<Limits> limits;
    private final Clock clock;
    private final Listener listener;
    private final IntConsumer duty;
    private final Yielding yielding = new Yielding();
    private final DutyControl control = new DutyControl();
    private final ObservableValue<Telemetry> telemetry = new ObservableValue<>(Telemetry.UNKNOWN);
    private final ObservableValue<List<Ability>> abilities = new ObservableValue<>(List.of());
    private final Thread thread;
    private volatile boolean closing;
    private boolean stumbled;
    private int lastDuty = -1;

    /**
     * @param open finds the sensors, on the thread that looks, since that takes a second; they are closed by this
     * @param limits asked at each look
     * @param duty hears the part of the time that the device may compute, in percent, whenever it changes
     */
    public Care(Supplier<Sensors> open, Supplier<Limits> limits, Clock clock, Listener listener, IntConsumer duty) {
        this.open = open;
        this.limits = limits;
        this.clock = clock;
        this.listener = listener;
        this.duty = duty;
        this.thread = Thread.ofPlatform().name("care").daemon().unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    public Observable<Telemetry> telemetry() {
        return telemetry;
    }

    /** What the sensors can do here; empty until they were found. */
    public Observable<List<Ability>> abilities() {
        return abilities;
    }

    private void run() {
        try (Sensors sensors = open.get()) {
            abilities.set(sensors.abilities());
            watch(sensors);
        } catch (RuntimeException | LinkageError e) {
            log.warn("could not find the sensors of this computer: nothing but the schedule holds the rig back", e);
            watch(Sensors.none());
        }
    }

    private void watch(Sensors sensors) {
        while (!closing) {
            try {
                look(sensors);
                stumbled = false;
            } catch (RuntimeException | LinkageError e) {
                if (!stumbled) {
                    log.warn("could not look at the computer", e);
                }
                stumbled = true;
            }
            LockSupport.parkNanos(PERIOD.toNanos());
        }
    }

    /** One look and what follows. */
    void look(Sensors sensors) {
        Reading reading = sensors.look();
        Limits now = limits.get();
        List<PauseReason> reasons = yielding.reasons(reading, now, LocalDateTime.now(clock), control.atLeast());
        reasons.forEach(listener::holds);
        Yielding.KINDS.stream()
                .filter(kind -> reasons.stream().noneMatch(kind::isInstance))
                .forEach(listener::gone);
        int next = control.next(reading.telemetry(), now);
        if (next != lastDuty) {
            lastDuty = next;
            duty.accept(next);
        }
        telemetry.set(reading.telemetry());
    }

    @Override
    public void close() {
        closing = true;
        LockSupport.unpark(thread);
        try {
            thread.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
