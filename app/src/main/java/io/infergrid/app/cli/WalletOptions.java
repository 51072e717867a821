package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.app.paths.Home;
import io.infergrid.wallet.vault.UnlockResult;
import io.infergrid.wallet.vault.Vault;
import io.infergrid.wallet.vault.VaultSettings;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which network a wallet command means, and where the password comes from: never from an argument, which others can read. */
final class WalletOptions {

    private static final int MOST_BYTES = 4096;

    @Option(
            names = "--network",
            paramLabel = "ID",
            description =
                    "local (a chain of this home's own, worth nothing), bttc, donau, ... (default: ${DEFAULT-VALUE}).")
    String network = Purse.LOCAL;

    @Option(
            names = "--password-file",
            paramLabel = "FILE",
            description = "Read the password from the first line of this file; - for standard input (default: ask).")
    @Nullable
    Path passwordFile;

    @Option(names = "--yes", description = "Do not ask before signing.")
    boolean yes;

    /** The home's wallet, locked; ends with words if there is none. */
    Purse open(Home home) throws IOException, InterruptedException {
        if (!Purse.exists(home)) {
            throw new Failure(
                    "expected a wallet in " + home.data()
                            + ", found none: make one with 'infergrid wallet create' or bring one with 'infergrid wallet restore'");
        }
        return Purse.open(home, network, VaultSettings.standard(), Clock.systemUTC());
    }

    /** Asks for the password and unlocks the owner's key. */
    void unlock(Vault vault) throws IOException {
        char[] password = password("Password: ");
        try {
            switch (vault.unlock(password)) {
                case UnlockResult.Unlocked _ -> {}
                case UnlockResult.WrongPassword(int tries, Duration delay) ->
                    throw new Failure("expected the wallet's password, found another");
                case UnlockResult.TooSoon(Duration delay) ->
                    throw new Failure("too many wrong passwords: try again in " + delay.toSeconds() + " s");
            }
        } finally {
            Arrays.fill(password, '\0');
        }
    }

    /** The caller wipes it. */
    char[] password(String prompt) throws IOException {
        if (passwordFile != null) {
            return firstLine(passwordFile.toString().equals("-") ? read(System.in) : read(passwordFile));
        }
        Console console = System.console();
        char[] typed = console == null || !console.isTerminal() ? null : console.readPassword(prompt);
        if (typed == null) {
            throw new Failure(
                    "expected a terminal to ask for the password, or --password-file FILE (- for standard input)");
        }
        return typed;
    }

    private static byte[] read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return read(in);
        }
    }

    private static byte[] read(InputStream in) throws IOException {
        byte[] bytes = in.readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
            throw new Failure("expected at most " + MOST_BYTES + " bytes of secrets, found more");
        }
        return bytes;
    }

    private static char[] firstLine(byte[] bytes) {
        try {
            CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            int end = 0;
            while (end < text.length() && text.charAt(end) != '\n' && text.charAt(end) != '\r') {
                end++;
            }
            char[] line = new char[end];
            text.get(line);
            Arrays.fill(text.array(), '\0');
            return line;
        } catch (CharacterCodingException e) {
            throw new Failure("expected the password in UTF-8, found other bytes");
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** The words of a backup, from a file or standard input; the caller wipes them. */
    static char[] words(@Nullable Path file) throws IOException {
        byte[] bytes = file == null || file.toString().equals("-") ? read(System.in) : read(file);
        CharBuffer text = StandardCharsets.UTF_8.decode(ByteBuffer.wrap(bytes));
        char[] words = new char[text.length()];
        text.get(words);
        Arrays.fill(text.array(), '\0');
        Arrays.fill(bytes, (byte) 0);
        return words;
    }
}
