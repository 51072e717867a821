package io.infergrid.app.care.sense;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/** How long keyboard and mouse have rested, from GNOME's compositor; the way that works under Wayland. */
final class GnomeIdle implements Sensor<Duration> {

    private static final Pattern ANSWER = Pattern.compile("\\(uint64 (\\d{1,18}),\\)");

    static Optional<Sensor<Duration>> find() {
        var sensor = new GnomeIdle();
        return sensor.read().map(_ -> sensor);
    }

    @Override
    public Optional<Duration> read() {
        return AskedProgram.ask(
                        "gdbus",
                        "call",
                        "--session",
                        "--timeout=1",
                        "--dest=org.gnome.Mutter.IdleMonitor",
                        "--object-path=/org/gnome/Mutter/IdleMonitor/Core",
                        "--method=org.gnome.Mutter.IdleMonitor.GetIdletime")
                .flatMap(GnomeIdle::parse);
    }

    static Optional<Duration> parse(String answer) {
        return ANSWER.matcher(answer.strip())
                .results()
                .findFirst()
                .map(found -> Duration.ofMillis(Long.parseLong(found.group(1))));
    }

    @Override
    public String how() {
        return "GNOME's idle monitor";
    }
}
