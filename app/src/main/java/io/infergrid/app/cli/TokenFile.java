package io.infergrid.app.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Token ids in a text file, separated by white space or commas. */
final class TokenFile {

    private static final long LIMIT_BYTES = 16 << 20;

    private TokenFile() {}

    static int[] read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new Failure("expected a file of token ids, found no file " + file);
        }
        if (Files.size(file) > LIMIT_BYTES) {
            throw new Failure("expected token ids in at most " + LIMIT_BYTES + " bytes, found " + Files.size(file)
                    + " in " + file);
        }
        String text = Files.readString(file, StandardCharsets.UTF_8);
        return parse(text, file.toString());
    }

    /** @param where the text comes from, for the message about one that holds something else */
    static int[] parse(String text, String where) {
        int[] ids = Arrays.stream(text.split("[\\s,]+"))
                .filter(word -> !word.isEmpty())
                .mapToInt(word -> id(word, where))
                .toArray();
        if (ids.length == 0) {
            throw new Failure("expected at least one token id, found none in " + where);
        }
        return ids;
    }

    /** Refuses ids that a model does not have. */
    static int[] checked(int[] ids, int vocabulary) {
        for (int id : ids) {
            if (id < 0 || id >= vocabulary) {
                throw new Failure("expected token ids below " + vocabulary + ", found " + Integer.toUnsignedString(id));
            }
        }
        return ids;
    }

    private static int id(String word, String where) {
        try {
            return Integer.parseUnsignedInt(word);
        } catch (NumberFormatException e) {
            throw new Failure(
                    "expected token ids, found '" + word.substring(0, Math.min(20, word.length())) + "' in " + where);
        }
    }
}
