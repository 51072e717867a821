package io.infergrid.app.care.sense;

import io.infergrid.app.core.Telemetry;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import oshi.hardware.GpuStats;
import oshi.hardware.GraphicsCard;

/** What the graphics card says of itself, by OSHI (NVML, ADL, DXGI, sysfs, IOReport). */
final class CardTelemetry implements Sensor<Telemetry> {

    private final GraphicsCard card;
    private final GpuStats stats;

    private CardTelemetry(GraphicsCard card) {
        this.card = card;
        this.stats = card.createStatsSession();
        // the first answer of these two is a difference to nothing
        stats.getGpuUtilization();
        stats.getPowerDraw();
    }

    /** Of the card with the most memory; absent where OSHI sees none. */
    static Sensor<Telemetry> of(List<GraphicsCard> cards) {
        return cards.stream()
                .max(Comparator.comparingLong(GraphicsCard::getVRam))
                .<Sensor<Telemetry>>map(CardTelemetry::new)
                .orElseGet(() -> new Absent<>("the system lists no graphics card"));
    }

    @Override
    public Optional<Telemetry> read() {
        return Optional.of(new Telemetry(
                card.getName(),
                known(stats.getTemperature()),
                known(stats.getPowerDraw()),
                known(stats.getGpuUtilization()),
                known(stats.getCoreClockMhz()),
                known(stats.getFanSpeedPercent()),
                knownBytes(stats.getVramUsed()),
                card.getVRam() > 0 ? OptionalLong.of(card.getVRam()) : OptionalLong.empty()));
    }

    /** OSHI says -1 where it does not know. */
    private static OptionalInt known(double value) {
        return value >= 0 && value < Integer.MAX_VALUE ? OptionalInt.of((int) Math.round(value)) : OptionalInt.empty();
    }

    private static OptionalLong knownBytes(long value) {
        return value >= 0 ? OptionalLong.of(value) : OptionalLong.empty();
    }

    @Override
    public String how() {
        return "the driver of " + card.getName();
    }

    @Override
    public void close() {
        stats.close();
    }
}
