package io.infergrid.app.care.sense;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How busy the graphics card is with other programs, by what the kernel writes about each open handle of a card
 * ({@code /proc/PID/fdinfo}, keys {@code drm-client-id} and {@code drm-engine-NAME}: nanoseconds; kernel's drm-usage-stats). The engine
 * that others keep busiest counts. AMD's and Intel's drivers write it, NVIDIA's own does not: then nothing can be told.
 */
final class LinuxCardShares implements Sensor<Integer> {

    private static final int MOST_BYTES = 4096;

    private final Path proc;
    private final LongPredicate ours;
    private final LongSupplier nanoTime;
    private Map<String, Long> before = Map.of();
    private long beforeAt;

    /** @param ours whether a process belongs to this rig */
    LinuxCardShares(Path proc, LongPredicate ours, LongSupplier nanoTime) {
        this.proc = proc;
        this.ours = ours;
        this.nanoTime = nanoTime;
    }

    @Override
    public Optional<Integer> read() {
        long now = nanoTime.getAsLong();
        Map<String, Long> busy = new HashMap<>();
        boolean told = false;
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path process : processes) {
                told |= add(process, busy);
            }
        } catch (IOException e) {
            return Optional.empty();
        }
        Map<String, Long> earlier = before;
        long span = now - beforeAt;
        before = busy;
        beforeAt = now;
        if (!told || earlier.isEmpty() || span <= 0) {
            return told && busy.isEmpty() ? Optional.of(0) : Optional.empty();
        }
        Map<String, Long> engines = new HashMap<>();
        busy.forEach((client, nanos) -> {
            Long was = earlier.get(client);
            if (was != null) {
                engines.merge(client.substring(client.indexOf(' ') + 1), Math.max(0, nanos - was), Long::sum);
            }
        });
        long busiest =
                engines.values().stream().mapToLong(Long::longValue).max().orElse(0);
        return Optional.of((int) Math.min(100, Math.round(100.0 * busiest / span)));
    }

    /** Adds "client engine" to nanoseconds for the handles of one process; whether any handle told something, ours included. */
    private boolean add(Path process, Map<String, Long> busy) {
        boolean told = false;
        long pid = Long.parseLong(process.getFileName().toString());
        try (DirectoryStream<Path> handles = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path handle : handles) {
                if (!Files.isSymbolicLink(handle)
                        || !Files.readSymbolicLink(handle).toString().startsWith("/dev/dri/")) {
                    continue;
                }
                String info = text(
                        process.resolve("fdinfo").resolve(handle.getFileName().toString()));
                if (info != null && info.contains("drm-engine-")) {
                    told = true;
                    if (!ours.test(pid)) {
                        parse(info).forEach((key, nanos) -> busy.merge(key, nanos, Math::max));
                    }
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            return told; // another user's, or gone meanwhile
        }
        return told;
    }

    private static @Nullable String text(Path file) {
        try (var in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MOST_BYTES), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            return null;
        }
    }

    /** {@code "pdev/client engine"} to nanoseconds; several handles of one client tell the same. Lines of another form are passed over. */
    static Map<String, Long> parse(String info) {
        String client = "";
        String card = "";
        Map<String, Long> engines = new HashMap<>();
        for (String line : info.lines().toList()) {
            int colon = line.indexOf(':');
            if (colon < 0) {
                continue;
            }
            String key = line.substring(0, colon).strip();
            String value = line.substring(colon + 1).strip();
            if (key.equals("drm-client-id")) {
                client = value;
            } else if (key.equals("drm-pdev")) {
                card = value;
            } else if (key.startsWith("drm-engine-") && value.matches("\\d{1,18} ns")) {
                engines.put(key.substring("drm-engine-".length()), Long.parseLong(value, 0, value.length() - 3, 10));
            }
        }
        Map<String, Long> found = new HashMap<>();
        String name = (card + "/" + client).replace(' ', '_');
        engines.forEach((engine, nanos) -> found.put(name + " " + engine, nanos));
        return found;
    }

    @Override
    public String how() {
        return "what the kernel's graphics driver says of each program";
    }
}
