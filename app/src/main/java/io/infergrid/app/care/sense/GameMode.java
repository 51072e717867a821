package io.infergrid.app.care.sense;

import java.util.Optional;
import java.util.regex.Pattern;

/** Whether a game asked Feral's GameMode for the computer: how Linux games say it, also under Wayland. Never starts the service itself. */
final class GameMode implements Sensor<String> {

    private static final String SERVICE = "com.feralinteractive.GameMode";
    private static final Pattern COUNT = Pattern.compile("\\(<(?:int32 )?(\\d{1,9})>,\\)");

    /** The words in place of a program's name. */
    private static final String GAME = "A game (GameMode)";

    static boolean present() {
        return AskedProgram.ask("gdbus", "help").isPresent();
    }

    @Override
    public Optional<String> read() {
        boolean runs = AskedProgram.ask(
                        "gdbus",
                        "call",
                        "--session",
                        "--timeout=1",
                        "--dest=org.freedesktop.DBus",
                        "--object-path=/org/freedesktop/DBus",
                        "--method=org.freedesktop.DBus.NameHasOwner",
                        SERVICE)
                .filter(answer -> answer.contains("true"))
                .isPresent();
        return runs
                ? AskedProgram.ask(
                                "gdbus",
                                "call",
                                "--session",
                                "--timeout=1",
                                "--dest=" + SERVICE,
                                "--object-path=/com/feralinteractive/GameMode",
                                "--method=org.freedesktop.DBus.Properties.Get",
                                SERVICE,
                                "ClientCount")
                        .filter(answer -> games(answer) > 0)
                        .map(_ -> GAME)
                : Optional.empty();
    }

    static int games(String answer) {
        var found = COUNT.matcher(answer.strip());
        return found.matches() ? Integer.parseInt(found.group(1)) : 0;
    }

    @Override
    public String how() {
        return "GameMode";
    }
}
