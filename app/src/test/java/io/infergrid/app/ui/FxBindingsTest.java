package io.infergrid.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.ObservableValue;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FxBindingsTest {

    private final ByHand clock = new ByHand();
    private final FxBindings bindings = new FxBindings(Runnable::run, clock, () -> clock.now);
    private final ObservableValue<Integer> source = new ObservableValue<>(0);
    private final List<Integer> seen = new ArrayList<>();

    @AfterEach
    void stopClock() {
        clock.shutdownNow();
    }

    @Test
    void the_present_value_is_delivered_at_once() {
        bindings.bind(source, seen::add);
        assertThat(seen).containsExactly(0);
    }

    @Test
    void a_storm_of_changes_is_delivered_ten_times_a_second_and_ends_with_the_newest() {
        bindings.bind(source, seen::add);
        for (var i = 1; i <= 1000; i++) {
            source.set(i);
            clock.advance(1_000_000);
        }
        clock.advance(FxBindings.INTERVAL_NANOS);
        assertThat(seen).hasSizeBetween(9, 12).endsWith(1000);
    }

    @Test
    void nothing_is_delivered_while_the_window_is_hidden_and_the_newest_value_when_it_is_seen_again() {
        bindings.bind(source, seen::add);
        bindings.sleep();
        for (var i = 1; i <= 50; i++) {
            source.set(i);
            clock.advance(FxBindings.INTERVAL_NANOS);
        }
        assertThat(seen).containsExactly(0);
        bindings.wake();
        clock.advance(FxBindings.INTERVAL_NANOS);
        assertThat(seen).containsExactly(0, 50);
    }

    @Test
    void going_to_sleep_with_a_delivery_on_its_way_loses_nothing() {
        bindings.bind(source, seen::add);
        source.set(1);
        bindings.sleep();
        clock.advance(FxBindings.INTERVAL_NANOS);
        bindings.wake();
        clock.advance(FxBindings.INTERVAL_NANOS);
        assertThat(seen).containsExactly(0, 1);
    }

    @Test
    void a_closed_pin_delivers_nothing_more() {
        var pin = bindings.bind(source, seen::add);
        source.set(1);
        pin.close();
        source.set(2);
        clock.advance(10 * FxBindings.INTERVAL_NANOS);
        assertThat(seen).containsExactly(0);
    }

    /** A clock that moves when the test says so. */
    private static final class ByHand extends ScheduledThreadPoolExecutor {
        private final List<Task> tasks = new ArrayList<>();
        private long now = 1;

        ByHand() {
            super(1, Thread.ofPlatform().daemon().name("unused").factory());
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
            tasks.add(new Task(now + unit.toNanos(delay), command));
            return super.schedule(() -> {}, 0, TimeUnit.NANOSECONDS);
        }

        void advance(long nanos) {
            now += nanos;
            var due = tasks.stream().filter(task -> task.at <= now).toList();
            tasks.removeAll(due);
            due.forEach(task -> task.command.run());
        }

        private record Task(long at, Runnable command) {}
    }
}
