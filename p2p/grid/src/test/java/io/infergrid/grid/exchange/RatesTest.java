package io.infergrid.grid.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.model.Shard;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** Limits and meters in virtual time. */
class RatesTest {

    private final AtomicLong clock = new AtomicLong(123_456_789);

    @Property(tries = 200)
    void no_more_than_rate_times_time_and_a_burst_goes_through(
            @ForAll @LongRange(min = 1, max = 1L << 33) long rate, @ForAll long seed) {
        var random = new Random(seed);
        var bucket = new TokenBucket(rate, clock::get);
        long start = clock.get();
        long bytes = 0;
        long due = 0;
        for (int i = 0; i < 100; i++) {
            int block = 1 + random.nextInt(1 << 17);
            if (random.nextBoolean()) {
                clock.addAndGet(random.nextInt(10_000_000)); // the peer is slow
            }
            long wait = bucket.reserve(block);
            clock.addAndGet(wait);
            bytes += block;
            double seconds = (clock.get() - start) / 1e9;
            assertThat((double) bytes).isLessThanOrEqualTo(rate * (seconds + 0.1) + 1 + 1e-6 * bytes + i);
            due = Math.max(due, wait);
        }
    }

    @Test
    void a_full_stream_gets_all_of_its_rate() {
        var bucket = new TokenBucket(1 << 20, clock::get);
        long start = clock.get();
        for (int i = 0; i < 80; i++) {
            clock.addAndGet(bucket.reserve(1 << 17));
        }
        double seconds = (clock.get() - start) / 1e9;
        assertThat(seconds).isBetween(9.8, 10.0);
    }

    @Test
    void without_a_limit_nobody_waits() {
        assertThat(new TokenBucket(0, clock::get).reserve(1L << 40)).isZero();
    }

    @Test
    void a_meter_says_what_came_in_the_last_seconds() {
        var meter = new RateMeter(clock::get);
        for (int i = 0; i < 100; i++) {
            clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
            meter.add(1000);
        }
        assertThat(meter.bytesPerSecond()).isBetween(9_500L, 11_500L);
        assertThat(meter.total()).isEqualTo(100_000);
        clock.addAndGet(TimeUnit.SECONDS.toNanos(6));
        assertThat(meter.bytesPerSecond()).isZero();
    }

    @Test
    void a_source_far_away_has_as_much_under_way_as_the_line_holds() {
        assertThat(RequestDepth.of(0, 0, Shard.PIECE_BYTES)).isEqualTo(RequestDepth.LEAST);
        long tenMillis = TimeUnit.MILLISECONDS.toNanos(10);
        assertThat(RequestDepth.of(100 << 20, tenMillis, Shard.PIECE_BYTES)).isEqualTo(4);
        assertThat(RequestDepth.of(100 << 20, 10 * tenMillis, Shard.PIECE_BYTES))
                .isEqualTo(22);
        assertThat(RequestDepth.of(10L << 30, 100 * tenMillis, Shard.PIECE_BYTES))
                .isEqualTo(RequestDepth.MOST);
    }
}
