package io.infergrid.compute.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.jinja.Text;
import java.io.ByteArrayOutputStream;
import java.util.OptionalInt;
import java.util.Set;

/** What both families share: special tokens around and inside the text. */
abstract sealed class VocabularyTokenizer implements Tokenizer permits SentencePieceTokenizer, ByteLevelTokenizer {

    final Vocabulary vocabulary;
    private final SpecialTokens specials;
    private final boolean addBos;
    private final boolean addEos;

    VocabularyTokenizer(Vocabulary vocabulary, GgufMetadata metadata, boolean addBosAbsent) {
        this.vocabulary = vocabulary;
        specials = new SpecialTokens(vocabulary);
        addBos = metadata.optionalBoolean("tokenizer.ggml.add_bos_token", addBosAbsent)
                && vocabulary.bos().isPresent();
        addEos = metadata.optionalBoolean("tokenizer.ggml.add_eos_token", false)
                && vocabulary.eos().isPresent();
    }

    /** Tokens of text without special tokens in it; {@code afterSpecial} if it begins the input or follows a special token. */
    abstract void encodeText(String text, boolean afterSpecial, IntList ids);

    @Override
    public final int[] encode(String text, boolean addSpecial, boolean parseSpecial) {
        if (text.length() > LONGEST_TEXT) {
            throw new IllegalArgumentException(
                    "expected text of at most " + LONGEST_TEXT + " characters, found " + text.length());
        }
        String sound = withoutLoneSurrogates(text);
        var ids = new IntList();
        if (addSpecial && addBos) {
            ids.add(vocabulary.bos().getAsInt());
        }
        specials.split(sound, parseSpecial, new SpecialTokens.Pieces() {
            private boolean afterSpecial = true;

            @Override
            public void text(String whole, int from, int to) {
                encodeText(whole.substring(from, to), afterSpecial, ids);
                afterSpecial = false;
            }

            @Override
            public void token(int id) {
                ids.add(id);
                afterSpecial = true;
            }
        });
        if (addSpecial && addEos) {
            ids.add(vocabulary.eos().getAsInt());
        }
        return ids.toArray();
    }

    /**
     * The tokens of a text that a template wrote around users' words: control tokens are looked for in what the template wrote,
     * and text is tokenised as a whole up to the next of them, whoever wrote it.
     */
    final int[] encode(Text written) {
        var ids = new IntList();
        var plain = new StringBuilder();
        for (int from = 0; from < written.length(); ) {
            boolean users = written.isUsers(from);
            int end = from;
            while (end < written.length() && written.isUsers(end) == users) {
                end++;
            }
            String run = written.toString().substring(from, end);
            if (users) {
                plain.append(run);
            } else {
                specials.split(run, true, new SpecialTokens.Pieces() {
                    @Override
                    public void text(String whole, int begin, int stop) {
                        plain.append(whole, begin, stop);
                    }

                    @Override
                    public void token(int id) {
                        flush(plain, ids);
                        ids.add(id);
                    }
                });
            }
            from = end;
        }
        flush(plain, ids);
        return ids.toArray();
    }

    private void flush(StringBuilder plain, IntList ids) {
        for (int id : encode(plain.toString(), false, false)) {
            ids.add(id);
        }
        plain.setLength(0);
    }

    /** UTF-8 has no bytes for half a pair; it becomes U+FFFD. */
    private static String withoutLoneSurrogates(String text) {
        if (text.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
            return text;
        }
        int[] sound = text.codePoints()
                .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
                .toArray();
        return new String(sound, 0, sound.length);
    }

    @Override
    public String decode(int... ids) {
        var bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            bytes.writeBytes(bytes(id));
        }
        return bytes.toString(UTF_8);
    }

    @Override
    public final String text(int id) {
        return vocabulary.text(id);
    }

    @Override
    public final OptionalInt special(String text) {
        int id = vocabulary.id(text);
        return id >= 0 && vocabulary.type(id).isSpecial() ? OptionalInt.of(id) : OptionalInt.empty();
    }

    @Override
    public final int vocabularySize() {
        return vocabulary.size();
    }

    @Override
    public final OptionalInt bos() {
        return vocabulary.bos();
    }

    @Override
    public final OptionalInt eos() {
        return vocabulary.eos();
    }

    @Override
    public final OptionalInt endOfTurn() {
        return vocabulary.endOfTurn();
    }

    @Override
    public final Set<Integer> stops() {
        return vocabulary.stops();
    }

    @Override
    public final boolean addsBos() {
        return addBos;
    }
}
