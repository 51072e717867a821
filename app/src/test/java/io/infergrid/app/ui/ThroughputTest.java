package io.infergrid.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.ObservableValue;
import org.junit.jupiter.api.Test;

class ThroughputTest {

    @Test
    void it_keeps_the_last_five_minutes_oldest_first() {
        var rate = new ObservableValue<>(0.0);
        var throughput = new Throughput(rate);
        for (var second = 0; second < Throughput.SECONDS + 40; second++) {
            rate.set((double) second);
            throughput.sample();
        }
        var history = throughput.history().get();
        assertThat(history.seconds()).isEqualTo(Throughput.SECONDS);
        assertThat(history.at(0)).isEqualTo(40);
        assertThat(history.at(Throughput.SECONDS - 1)).isEqualTo(Throughput.SECONDS + 39);
        assertThat(history.peak()).isEqualTo(Throughput.SECONDS + 39);
    }
}
