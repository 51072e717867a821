package io.infergrid.libp2p.pnet;

import io.infergrid.libp2p.transport.RawConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;

/**
 * The key of a private network: 32 bytes that all of its peers hold. Its text is that of go-libp2p and js-libp2p: a line
 * {@code /key/swarm/psk/1.0.0/}, a line {@code /base16/} (or {@code /base64/}) and the key. Never printed.
 */
public final class PreSharedKey {

    private static final int BYTES = 32;
    private static final int MAX_TEXT = 1024;
    private static final String HEADER = "/key/swarm/psk/1.0.0/";

    private final byte[] key;

    private PreSharedKey(byte[] key) {
        this.key = key;
    }

    public static PreSharedKey generate() {
        var key = new byte[BYTES];
        new SecureRandom().nextBytes(key);
        return new PreSharedKey(key);
    }

    public static PreSharedKey of(byte[] key) {
        if (key.length != BYTES) {
            throw new IllegalArgumentException("pre-shared key: expected 32 bytes, found " + key.length);
        }
        return new PreSharedKey(key.clone());
    }

    /**
     * Reads the text form.
     *
     * @throws IllegalArgumentException if it is none; the message does not repeat the key
     */
    public static PreSharedKey parse(String text) {
        var lines = text.length() > MAX_TEXT ? new String[0] : text.strip().split("\\s*\\R\\s*");
        if (lines.length != 3 || !lines[0].equals(HEADER)) {
            throw new IllegalArgumentException("pre-shared key: expected a line " + HEADER
                    + ", a line of encoding and a line of key, found others");
        }
        try {
            return of(
                    switch (lines[1]) {
                        case "/base16/" -> HexFormat.of().parseHex(lines[2]);
                        case "/base64/" -> Base64.getDecoder().decode(lines[2]);
                        default -> throw new IllegalArgumentException();
                    });
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "pre-shared key: expected 32 bytes after /base16/ or /base64/, found something else");
        }
    }

    /** Reads the text form from a file. */
    public static PreSharedKey read(Path file) throws IOException {
        if (Files.size(file) > MAX_TEXT) {
            throw new IOException(
                    file + ": expected a pre-shared key of at most " + MAX_TEXT + " bytes, found " + Files.size(file));
        }
        try {
            return parse(Files.readString(file));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /** The text form, for a file that only its owner can read. */
    public String encode() {
        return HEADER + "\n/base16/\n" + HexFormat.of().formatHex(key) + "\n";
    }

    /** Exchanges nonces and returns the connection as the members of the network see it. Whoever calls bounds the time. */
    public RawConnection protect(RawConnection raw) throws IOException {
        return PrivateConnection.begin(raw, key);
    }

    @Override
    public String toString() {
        return "pre-shared key";
    }
}
