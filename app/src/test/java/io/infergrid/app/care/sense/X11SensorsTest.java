package io.infergrid.app.care.sense;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** On a real X server without a screen (Xvfb), with window properties set as a window manager sets them (xprop). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class X11SensorsTest {

    private Process server;
    private String display = "";

    @BeforeAll
    void startServer() throws IOException {
        for (String program : List.of("Xvfb", "xprop", "xwininfo")) {
            assumeTrue(Files.isExecutable(Path.of("/usr/bin", program)), program + " is missing (xvfb, x11-utils)");
        }
        server = new ProcessBuilder("Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader number = server.inputReader(StandardCharsets.US_ASCII)) {
            display = ":" + number.readLine();
        }
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.destroy();
        }
    }

    private void run(String... command) throws Exception {
        var builder = new ProcessBuilder(command).inheritIO();
        builder.environment().put("DISPLAY", display);
        assertThat(builder.start().waitFor()).isZero();
    }

    private void property(String name, String type, String value) throws Exception {
        run("xprop", "-root", "-f", name, type, "-set", name, value);
    }

    @Test
    void a_window_in_full_screen_is_seen_with_its_program_and_ours_is_not() throws Exception {
        try (var sensor =
                X11FullScreen.of(display, pid -> pid == ProcessHandle.current().pid())) {
            assertThat(sensor).isNotInstanceOf(Sensor.Absent.class);
            assertThat(sensor.read()).as("no active window").isEmpty();
            // the root window plays the game: it is the one window that every server has
            property("_NET_ACTIVE_WINDOW", "32x", root());
            assertThat(sensor.read()).as("a window that is not in full screen").isEmpty();
            property("_NET_WM_STATE", "32a", "_NET_WM_STATE_FULLSCREEN");
            property("_NET_WM_PID", "32c", Long.toString(server.pid()));
            assertThat(sensor.read()).contains("xvfb");
            property("_NET_WM_PID", "32c", Long.toString(ProcessHandle.current().pid()));
            assertThat(sensor.read()).as("our own window").isEmpty();
            property("_NET_ACTIVE_WINDOW", "32x", "0x7ffffff");
            assertThat(sensor.read()).as("a window that is gone").isEmpty();
        }
    }

    private String root() throws Exception {
        var info = new ProcessBuilder("xwininfo", "-root", "-display", display).start();
        try (BufferedReader lines = info.inputReader(StandardCharsets.US_ASCII)) {
            return lines.lines()
                    .filter(line -> line.contains("Window id:"))
                    .map(line -> line.replaceAll(".*Window id: (0x[0-9a-f]+).*", "$1"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void the_time_since_the_last_input_is_told() {
        try (var sensor = X11Idle.of(display)) {
            assumeTrue(!(sensor instanceof Sensor.Absent<?>), sensor.how());
            assertThat(sensor.read()).isPresent();
        }
    }

    @Test
    void a_display_that_does_not_answer_is_said_so() {
        assertThat(X11FullScreen.of(":4711", pid -> false).how()).contains(":4711");
        assertThat(X11Idle.of(":4711").how()).isNotBlank();
    }
}
