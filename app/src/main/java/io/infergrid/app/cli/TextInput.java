package io.infergrid.app.cli;

import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A text given as an argument, in a file, or on standard input; never longer than a tokenizer takes. */
final class TextInput {

    private TextInput() {}

    /** The argument if there is one, else the file, else standard input. */
    static String read(@Nullable String argument, @Nullable Path file) throws IOException {
        if (argument != null) {
            return argument;
        }
        if (file == null) {
            return bounded(System.in, "standard input");
        }
        if (!Files.isRegularFile(file)) {
            throw new Failure("expected a file of text, found no file " + file);
        }
        try (InputStream in = Files.newInputStream(file)) {
            return bounded(in, file.toString());
        }
    }

    private static String bounded(InputStream in, String where) throws IOException {
        byte[] bytes = in.readNBytes(Tokenizer.LONGEST_TEXT + 1);
        if (bytes.length > Tokenizer.LONGEST_TEXT) {
            throw new Failure("expected at most " + Tokenizer.LONGEST_TEXT + " bytes of text, found more in " + where);
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
