package io.infergrid.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class FormatsTest {

    private final Formats formats = new Formats(TestDesk.TEXTS, ZoneOffset.UTC);

    @Test
    void times_take_the_unit_that_reads_best() {
        assertThat(formats.time(Duration.ofNanos(420_000))).isEqualTo("420 µs");
        assertThat(formats.time(Duration.ofNanos(6_420_000))).isEqualTo("6.4 ms");
        assertThat(formats.time(Duration.ofMillis(740))).isEqualTo("740 ms");
        assertThat(formats.time(Duration.ofMillis(2040))).isEqualTo("2.0 s");
        assertThat(formats.time(Duration.ofSeconds(125))).isEqualTo("2 min 5 s");
    }

    @Test
    void sizes_are_binary_and_an_unknown_size_says_so() {
        assertThat(formats.bytes(0)).isEqualTo("0 B");
        assertThat(formats.bytes(402_112)).isEqualTo("392.7 KiB");
        assertThat(formats.bytes(8L << 30)).isEqualTo("8.00 GiB");
        assertThat(formats.bytes(-1)).isEqualTo("unknown");
    }

    @Test
    void blocks_are_named_by_their_first_and_last() {
        assertThat(formats.blocks(0, 2)).isEqualTo("blocks 0–1");
        assertThat(formats.blocks(3, 4)).isEqualTo("block 3");
        assertThat(formats.blocks(3, 3)).isEqualTo("no blocks");
    }

    @Test
    void a_long_id_keeps_its_ends() {
        assertThat(formats.shortId(DemoRig.PEERS.getFirst())).isEqualTo("12D3Ko…vCqA1x");
        assertThat(formats.shortId("short")).isEqualTo("short");
    }

    @Test
    void a_date_is_written_in_the_zone_of_the_user() {
        assertThat(formats.shortDate(Instant.parse("2026-11-21T12:00:00Z"))).isEqualTo("21 Nov, 12:00");
    }

    @Property(tries = 200)
    void every_number_has_words(@ForAll @DoubleRange(min = -1e12, max = 1e12) double value) {
        assertThat(formats.number(value)).isNotBlank();
        assertThat(formats.plain(value)).isNotBlank();
    }

    @Property(tries = 200)
    void every_size_has_words(@ForAll @LongRange(min = -1) long bytes) {
        assertThat(formats.bytes(bytes)).isNotBlank();
    }
}
