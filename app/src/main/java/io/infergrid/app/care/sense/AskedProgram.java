package io.infergrid.app.care.sense;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Asks a small program of the system, with a limit on its time and on what it prints. */
final class AskedProgram {

    private static final Duration LIMIT = Duration.ofSeconds(2);
    private static final int MOST_BYTES = 256 * 1024;

    private AskedProgram() {}

    /** What it printed; empty if it is missing, failed, or took too long. */
    static Optional<String> ask(String... command) {
        Process process;
        try {
            process = new ProcessBuilder(List.of(command))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .redirectInput(ProcessBuilder.Redirect.from(nothing()))
                    .start();
        } catch (IOException e) {
            return Optional.empty();
        }
        var watchdog = Thread.ofVirtual().start(() -> {
            try {
                if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try (var output = process.getInputStream()) {
            var printed = new String(output.readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
            watchdog.join();
            return process.waitFor() == 0 ? Optional.of(printed) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            process.destroyForcibly();
        }
    }

    private static java.io.File nothing() {
        return new java.io.File(System.getProperty("os.name").startsWith("Windows") ? "NUL" : "/dev/null");
    }
}
