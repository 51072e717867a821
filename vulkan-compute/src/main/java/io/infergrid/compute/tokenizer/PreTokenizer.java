package io.infergrid.compute.tokenizer;

import io.infergrid.compute.gguf.GgufException;
import java.text.Normalizer;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The rules by which a byte-level BPE cuts text into words before it merges; {@code tokenizer.ggml.pre} names one. Each is what
 * the maker of the models published, as a list of regular expressions: the first cuts the text into its matches and what lies
 * between them, the next cuts each of those pieces, and so on. Only rules of models that the engine computes are here.
 *
 * <p>The makers' programs read the expressions with Unicode: {@code \s} is all white space, and case is folded as Unicode folds
 * it.
 */
@SuppressWarnings("ImmutableEnumChecker") // the lists are copies, patterns do not change
enum PreTokenizer {
    /** OpenAI, tiktoken, {@code tiktoken_ext/openai_public.py}, encoding gpt2. */
    GPT_2(List.of("gpt-2", "gpt2"), Flags.NONE, Rules.GPT_2),

    /** Meta, llama3, {@code llama/tokenizer.py}, {@code pat_str}: contractions in any case, at most three digits a word. */
    LLAMA_3(
            List.of("llama-bpe", "llama-v3", "llama3"),
            Flags.BOS_AND_WHOLE_WORDS,
            Rules.CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|" + Rules.REST),

    /**
     * Alibaba, Qwen, {@code tokenization_qwen.py}, {@code PAT_STR}: like Llama 3's with a word for each digit, and characters
     * composed first ({@code unicodedata.normalize("NFC", text)} there). DeepSeek's models that were distilled into Qwen keep
     * it.
     */
    QWEN_2(
            List.of("qwen2", "deepseek-r1-qwen"),
            Flags.COMPOSED,
            Rules.CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|" + Rules.REST),

    /**
     * Mistral, {@code tekken.json}, {@code config.pattern}: a word is upper-case letters, then lower-case ones, of which either
     * may be missing; marks belong to either.
     */
    TEKKEN(
            List.of("tekken"),
            Flags.BOS_AND_WHOLE_WORDS,
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
                    + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),

    /**
     * BigCode, StarCoder, and Hugging Face, SmolLM, {@code tokenizer.json}: {@code Digits} with {@code individual_digits}, then
     * {@code ByteLevel} with {@code use_regex}, which is GPT-2's expression.
     */
    DIGITS_THEN_GPT_2(List.of("smollm", "starcoder"), Flags.NONE, "\\p{N}", Rules.GPT_2),

    /** DeepSeek, LLM, {@code tokenizer.json}: five {@code Split} in a row, then {@code Digits} with {@code individual_digits}. */
    DEEPSEEK_LLM(
            List.of("deepseek-llm"),
            Flags.NONE,
            "[\\r\\n]",
            "\\s?[" + Rules.CASED_LETTERS + "]+",
            "\\s?[!-/:-~\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF5E}\\x{2018}-\\x{201F}\\x{3000}-\\x{3002}]+",
            // \s+$; the look-behind keeps the search linear in a long run of spaces before a word
            "(?<!\\s)\\s++\\z",
            "[\\x{4E00}-\\x{9FA5}\\x{800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+",
            "\\p{N}");

    /** Takes the words of a text in order. */
    interface Words {
        void word(int from, int to);
    }

    private enum Flags {
        NONE,
        COMPOSED,
        BOS_AND_WHOLE_WORDS
    }

    private static final class Rules {

        static final String GPT_2 =
                "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
        static final String CONTRACTIONS = "(?iu:'s|'t|'re|'ve|'m|'ll|'d)";
        static final String REST = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

        /** Letters that have a case, as DeepSeek lists them. */
        static final String CASED_LETTERS =
                "A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}\\x{1C4}-\\x{293}"
                        + "\\x{295}-\\x{2AF}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}\\x{37F}\\x{386}"
                        + "\\x{388}-\\x{38A}\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-\\x{3F5}\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}"
                        + "\\x{531}-\\x{556}\\x{10A0}-\\x{10C5}\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{13FD}\\x{1C90}-\\x{1CBA}"
                        + "\\x{1CBD}-\\x{1CBF}\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{1F15}"
                        + "\\x{1F18}-\\x{1F1D}\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}\\x{1F59}\\x{1F5B}"
                        + "\\x{1F5D}\\x{1F5F}-\\x{1F7D}\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}\\x{1FBE}\\x{1FC2}-\\x{1FC4}"
                        + "\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{1FD3}\\x{1FD6}-\\x{1FDB}\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{1FF4}"
                        + "\\x{1FF6}-\\x{1FFC}\\x{2102}\\x{2107}\\x{210A}-\\x{2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}"
                        + "\\x{2126}\\x{2128}\\x{212A}-\\x{212D}\\x{212F}-\\x{2134}\\x{2139}\\x{213C}-\\x{213F}\\x{2145}-\\x{2149}"
                        + "\\x{214E}\\x{2183}\\x{2184}\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}\\x{2CEB}-\\x{2CEE}\\x{2CF2}"
                        + "\\x{2CF3}\\x{A640}-\\x{A66D}\\x{A680}-\\x{A69B}\\x{A722}-\\x{A76F}\\x{A771}-\\x{A787}"
                        + "\\x{A78B}-\\x{A78E}\\x{AB70}-\\x{ABBF}\\x{FB00}-\\x{FB06}\\x{FB13}-\\x{FB17}\\x{FF21}-\\x{FF3A}"
                        + "\\x{FF41}-\\x{FF5A}\\x{10400}-\\x{1044F}\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}"
                        + "\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{118DF}\\x{1E900}-\\x{1E943}";
    }

    private static final Pattern MANY_MARKS = Pattern.compile("\\p{M}{64}");

    private final List<String> names;
    private final Flags flags;
    private final List<Pattern> patterns;

    PreTokenizer(List<String> names, Flags flags, String... rules) {
        this.names = List.copyOf(names);
        this.flags = flags;
        patterns = Stream.of(rules)
                .map(rule -> Pattern.compile(
                        rule.replace("\\s", "\\p{IsWhite_Space}").replace("\\S", "\\P{IsWhite_Space}")))
                .toList();
    }

    /**
     * @param name value of {@code tokenizer.ggml.pre}, if the file has one
     * @throws GgufException if there is none, or no rules are known by this name: others would give other tokens than the model
     *     was trained on
     */
    static PreTokenizer named(Optional<String> name) {
        for (PreTokenizer rules : values()) {
            if (name.isPresent() && rules.names.contains(name.get())) {
                return rules;
            }
        }
        String known =
                Stream.of(values()).flatMap(rules -> rules.names.stream()).collect(Collectors.joining(", "));
        throw new GgufException("metadata key 'tokenizer.ggml.pre': expected one of " + known + ", found "
                + name.map(found -> "'" + found.substring(0, Math.min(40, found.length())) + "'")
                        .orElse("none"));
    }

    /** Whether models with these rules want a beginning-of-text token where their metadata does not say. */
    boolean addsBos() {
        return flags == Flags.BOS_AND_WHOLE_WORDS;
    }

    /**
     * Whether a word that is a token as a whole is taken as it is, without merging: the makers' vocabularies rank whole byte
     * strings, and the pairs in the file need not lead to all of them.
     */
    boolean prefersWholeWords() {
        return flags == Flags.BOS_AND_WHOLE_WORDS;
    }

    /**
     * The text as these rules want it: letters and their marks composed into one character where Unicode has one (NFC), or as it
     * is. Marks without end, which no language has, are left as they are: ordering them takes the square of their number.
     */
    String prepared(String text) {
        return flags == Flags.COMPOSED && !MANY_MARKS.matcher(text).find()
                ? Normalizer.normalize(text, Normalizer.Form.NFC)
                : text;
    }

    /** Cuts text into words; together they are the text. */
    void split(String text, Words words) {
        var ends = new IntList();
        ends.add(text.length());
        for (Pattern pattern : patterns) {
            ends = cut(text, ends, pattern);
        }
        int from = 0;
        for (int i = 0; i < ends.size(); i++) {
            words.word(from, ends.get(i));
            from = ends.get(i);
        }
    }

    private static IntList cut(String text, IntList ends, Pattern pattern) {
        var finer = new IntList();
        Matcher matcher = pattern.matcher(text);
        int from = 0;
        for (int i = 0; i < ends.size(); i++) {
            int end = ends.get(i);
            // bounds are opaque: a piece is matched as if it were the whole text
            matcher.region(from, end);
            int done = from;
            while (matcher.find()) {
                if (matcher.start() > done) {
                    finer.add(matcher.start());
                }
                finer.add(matcher.end());
                done = matcher.end();
            }
            if (done < end) {
                finer.add(end);
            }
            from = end;
        }
        return finer;
    }
}
