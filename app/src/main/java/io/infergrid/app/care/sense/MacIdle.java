package io.infergrid.app.care.sense;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/** How long keyboard and mouse have rested, on macOS: nanoseconds in the registry of input devices. */
final class MacIdle implements Sensor<Duration> {

    private static final Pattern IDLE = Pattern.compile("\"HIDIdleTime\" = (\\d{1,18})");

    @Override
    public Optional<Duration> read() {
        return AskedProgram.ask("ioreg", "-c", "IOHIDSystem", "-d", "4").flatMap(MacIdle::parse);
    }

    static Optional<Duration> parse(String registry) {
        return IDLE.matcher(registry)
                .results()
                .findFirst()
                .map(found -> Duration.ofNanos(Long.parseLong(found.group(1))));
    }

    @Override
    public String how() {
        return "the registry of input devices";
    }
}
