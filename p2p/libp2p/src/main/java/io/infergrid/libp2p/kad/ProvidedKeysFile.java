package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.Multihash;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps provided keys in a file of lines {@code +<hex>} and {@code -<hex>}, written as they come and drawn together at the next start.
 * A line that a crash cut short is left out.
 */
public final class ProvidedKeysFile implements ProvidedKeys {

    private static final Logger LOG = LoggerFactory.getLogger(ProvidedKeysFile.class);
    private static final long MAX_BYTES = 64L << 20;

    private final Path file;

    public ProvidedKeysFile(Path file) {
        this.file = file.toAbsolutePath();
    }

    @Override
    public synchronized Set<Multihash> load() {
        var keys = new LinkedHashSet<Multihash>();
        try {
            if (!Files.exists(file)) {
                return keys;
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new IOException("expected at most " + MAX_BYTES + " bytes, found " + Files.size(file));
            }
            for (var line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                take(line, keys);
            }
            rewrite(keys);
        } catch (IOException e) {
            LOG.warn("{}: what this node provides could not be read: {}", file, e.getMessage());
        }
        return keys;
    }

    private void take(String line, Set<Multihash> keys) {
        try {
            var key = Multihash.decode(HexFormat.of().parseHex(line, 1, line.length()));
            if (line.charAt(0) == '+') {
                keys.add(key);
            } else {
                keys.remove(key);
            }
        } catch (DecodeException | IllegalArgumentException | IndexOutOfBoundsException e) {
            LOG.debug("{}: left out the line '{}'", file, line);
        }
    }

    private void rewrite(Set<Multihash> keys) throws IOException {
        var beside = file.resolveSibling(file.getFileName() + ".tmp");
        Files.writeString(
                beside,
                keys.stream().map(key -> line('+', key)).collect(Collectors.joining()),
                StandardCharsets.US_ASCII);
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static String line(char sign, Multihash key) {
        return sign + HexFormat.of().formatHex(key.encode()) + "\n";
    }

    @Override
    public synchronized void add(Multihash key) {
        append(line('+', key));
    }

    @Override
    public synchronized void remove(Multihash key) {
        append(line('-', key));
    }

    private void append(String line) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(
                    file, line, StandardCharsets.US_ASCII, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            LOG.warn("{}: what this node provides could not be written: {}", file, e.getMessage());
        }
    }
}
