package io.infergrid.app.care.sense;

import io.infergrid.app.care.Reading;
import io.infergrid.app.care.Sensors;
import io.infergrid.app.core.Rig.Ability;
import io.infergrid.app.core.Telemetry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import oshi.SystemInfo;
import oshi.hardware.HardwareAbstractionLayer;

/**
 * The sensors that work on this computer. What does not work here says why, and its switch in the settings can say so too. A sensor that
 * fails is left out from then on.
 */
public final class ThisComputer implements Sensors {

    private static final Logger log = LoggerFactory.getLogger(ThisComputer.class);

    /** Slow sensors are asked once for so many looks. */
    private static final int SLOW = 4;

    private final List<Sensor<String>> fullScreen;
    private final Sensor<Set<String>> programs;
    private final Sensor<Duration> idle;
    private final Sensor<Reading.Power> power;
    private final Sensor<Integer> shares;
    private final Sensor<Telemetry> card;
    private final Map<Sensor<?>, String> broken = new LinkedHashMap<>();
    private final Map<Sensor<?>, Optional<?>> last = new LinkedHashMap<>();
    private int looks;

    private ThisComputer(
            List<Sensor<String>> fullScreen,
            Sensor<Duration> idle,
            Sensor<Reading.Power> power,
            Sensor<Integer> shares,
            Sensor<Telemetry> card) {
        this.fullScreen = List.copyOf(fullScreen);
        this.programs = new RunningPrograms();
        this.idle = idle;
        this.power = power;
        this.shares = shares;
        this.card = card;
    }

    /** Finds out what works here; takes a second or so. */
    public static ThisComputer open(Map<String, String> environment) {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        HardwareAbstractionLayer hardware = new SystemInfo().getHardware();
        LongPredicate ours = OwnProcesses::contains;
        Sensor<Reading.Power> power = new PowerSupply(hardware);
        Sensor<Telemetry> card = orAbsent(() -> CardTelemetry.of(hardware.getGraphicsCards()));
        if (system.startsWith("windows")) {
            return new ThisComputer(
                    List.of(new WindowsFullScreen(ours)),
                    new WindowsIdle(),
                    power,
                    new Sensor.Absent<>("not told for each program on this system"),
                    card);
        }
        if (system.startsWith("mac")) {
            return new ThisComputer(
                    List.of(new Sensor.Absent<>("not told on macOS: name your games among the exclusive programs")),
                    new MacIdle(),
                    power,
                    new Sensor.Absent<>("not told for each program on this system"),
                    card);
        }
        return new ThisComputer(
                linuxFullScreen(environment, ours),
                linuxIdle(environment),
                power,
                new LinuxCardShares(Path.of("/proc"), ours, System::nanoTime),
                card);
    }

    private static List<Sensor<String>> linuxFullScreen(Map<String, String> environment, LongPredicate ours) {
        var found = new ArrayList<Sensor<String>>();
        String display = environment.getOrDefault("DISPLAY", "");
        if (display.isEmpty()) {
            found.add(new Sensor.Absent<>("no X display"));
        } else {
            // under Wayland this sees the programs of XWayland, which most games are
            found.add(orAbsent(() -> X11FullScreen.of(display, ours)));
        }
        if (environment.containsKey("DBUS_SESSION_BUS_ADDRESS") && GameMode.present()) {
            found.add(new GameMode());
        }
        return found;
    }

    private static Sensor<Duration> linuxIdle(Map<String, String> environment) {
        if (environment.containsKey("WAYLAND_DISPLAY")) {
            return GnomeIdle.find()
                    .orElseGet(() -> new Sensor.Absent<>("this Wayland compositor does not tell (GNOME's does)"));
        }
        String display = environment.getOrDefault("DISPLAY", "");
        return display.isEmpty() ? new Sensor.Absent<>("no display") : orAbsent(() -> X11Idle.of(display));
    }

    private static <T> Sensor<T> orAbsent(Supplier<Sensor<T>> open) {
        try {
            return open.get();
        } catch (RuntimeException | LinkageError e) {
            log.info("a sensor does not work here", e);
            return new Sensor.Absent<>(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public Reading look() {
        boolean slow = looks++ % SLOW == 0;
        Optional<String> filling = Optional.empty();
        for (Sensor<String> sensor : fullScreen) {
            filling = filling.or(() -> read(sensor));
        }
        return new Reading(
                filling,
                read(programs).orElse(Set.of()),
                sometimes(idle, slow || idle instanceof X11Idle || idle instanceof WindowsIdle),
                sometimes(power, slow).orElse(Reading.Power.UNKNOWN),
                sometimes(shares, slow).map(OptionalInt::of).orElse(OptionalInt.empty()),
                sometimes(card, slow).orElse(Telemetry.UNKNOWN));
    }

    private <T> Optional<T> sometimes(Sensor<T> sensor, boolean now) {
        if (now) {
            last.put(sensor, read(sensor));
        }
        @SuppressWarnings("unchecked") // only read(sensor) is put under a sensor
        var known = (Optional<T>) last.getOrDefault(sensor, Optional.empty());
        return known;
    }

    private <T> Optional<T> read(Sensor<T> sensor) {
        if (broken.containsKey(sensor)) {
            return Optional.empty();
        }
        try {
            return sensor.read();
        } catch (RuntimeException | LinkageError e) {
            log.warn("the sensor on {} failed and is left out from now on", sensor.how(), e);
            broken.put(sensor, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    @Override
    public List<Ability> abilities() {
        var abilities = new ArrayList<Ability>();
        fullScreen.forEach(sensor -> abilities.add(ability("full-screen", sensor)));
        abilities.add(ability("programs", programs));
        abilities.add(ability("idle", idle));
        abilities.add(ability("power", power));
        abilities.add(ability("others-on-card", shares));
        abilities.add(ability("card", card));
        return abilities;
    }

    private static Ability ability(String senses, Sensor<?> sensor) {
        return new Ability(senses, !(sensor instanceof Sensor.Absent<?>), sensor.how());
    }

    @Override
    public void close() {
        fullScreen.forEach(Sensor::close);
        programs.close();
        idle.close();
        power.close();
        shares.close();
        card.close();
    }
}
