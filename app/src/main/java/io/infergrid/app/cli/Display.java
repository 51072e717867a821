package io.infergrid.app.cli;

import java.util.Locale;

/** Whether a window can be shown here. */
final class Display {

    private Display() {}

    static boolean present() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return os.contains("win") || os.contains("mac") || set("DISPLAY") || set("WAYLAND_DISPLAY");
    }

    private static boolean set(String variable) {
        String value = System.getenv(variable);
        return value != null && !value.isBlank();
    }
}
