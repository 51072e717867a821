package io.infergrid.app.ui;

import io.infergrid.app.core.Observable;
import io.infergrid.app.core.ObservableValue;
import java.util.Arrays;

/** The rate of the last five minutes, sampled once a second so that a plot of it has an even time axis. */
public final class Throughput {

    static final int SECONDS = 300;

    private final Observable<Double> source;
    private final double[] ring = new double[SECONDS];
    private int samples;
    private final ObservableValue<History> history = new ObservableValue<>(new History(0, new double[0]));

    Throughput(Observable<Double> source) {
        this.source = source;
    }

    public Observable<History> history() {
        return history;
    }

    /** Takes one sample; called once a second by the window's clock. */
    void sample() {
        ring[samples % SECONDS] = source.get();
        samples++;
        var count = Math.min(samples, SECONDS);
        var values = new double[count];
        for (var i = 0; i < count; i++) {
            values[i] = ring[(samples - count + i) % SECONDS];
        }
        history.set(new History(samples, values));
    }

    /** Tokens per second, one value a second, oldest first. */
    public static final class History {
        private final long samples;
        private final double[] values;

        History(long samples, double[] values) {
            this.samples = samples;
            this.values = values;
        }

        public int seconds() {
            return values.length;
        }

        public double at(int second) {
            return values[second];
        }

        public double peak() {
            return Arrays.stream(values).max().orElse(0);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof History that && samples == that.samples;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(samples);
        }
    }
}
