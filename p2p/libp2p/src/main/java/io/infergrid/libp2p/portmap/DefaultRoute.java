package io.infergrid.libp2p.portmap;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Finds the router: the gateway of the IPv4 default route, which Java does not tell. */
final class DefaultRoute {

    private static final Path LINUX = Path.of("/proc/net/route");
    private static final int MAX_BYTES = 1 << 20;
    private static final long SECONDS = 5;

    private DefaultRoute() {}

    /** The router's address; empty if there is no default route or the system does not tell. */
    static Optional<InetAddress> gateway() {
        try {
            if (Files.exists(LINUX)) {
                return linux(Files.readAllLines(LINUX));
            }
            return netstat(run("netstat", "-rn"));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** {@code /proc/net/route}: interface, destination, gateway, flags, ..., metric, mask; numbers in the machine's byte order. */
    static Optional<InetAddress> linux(List<String> lines) {
        return lines.stream()
                .skip(1)
                .map(line -> line.trim().split("\\s+"))
                .filter(f -> f.length >= 8 && f[1].equals("00000000") && f[7].equals("00000000"))
                .filter(f -> !f[2].equals("00000000"))
                .min(Comparator.comparingInt(f -> number(f[6])))
                .flatMap(f -> littleEndian(f[2]));
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            return Integer.MAX_VALUE;
        }
    }

    private static Optional<InetAddress> littleEndian(String hex) {
        try {
            int value = Integer.parseUnsignedInt(hex, 16);
            return literal(
                    (value & 0xff) + "." + (value >> 8 & 0xff) + "." + (value >> 16 & 0xff) + "." + (value >>> 24));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** {@code netstat -rn} of macOS ({@code default <gateway>}) and of Windows ({@code 0.0.0.0 0.0.0.0 <gateway>}). */
    static Optional<InetAddress> netstat(Stream<String> lines) {
        return lines.map(line -> line.trim().split("\\s+"))
                .flatMap(f -> {
                    if (f.length >= 2 && f[0].equals("default")) {
                        return literal(f[1]).stream();
                    }
                    boolean windows = f.length >= 3 && f[0].equals("0.0.0.0") && f[1].equals("0.0.0.0");
                    return windows ? literal(f[2]).stream() : Stream.empty();
                })
                .findFirst();
    }

    private static Optional<InetAddress> literal(String text) {
        if (!text.matches("\\d{1,3}(\\.\\d{1,3}){3}")) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Stream<String> run(String... command) throws IOException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var out = process.getInputStream()) {
            var text = new String(out.readNBytes(MAX_BYTES), StandardCharsets.US_ASCII);
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            return text.toLowerCase(Locale.ROOT).lines();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            return Stream.empty();
        }
    }
}
