package io.infergrid.compute.tokenizer;

import java.util.ArrayList;
import java.util.List;

/**
 * The makers' expressions read by hand: what a word is at a place of the text, without a machine for regular expressions. Slow
 * and plain, to compare with.
 */
final class WordScanner {

    private final PreTokenizer rules;
    private final int[] text;

    private WordScanner(PreTokenizer rules, int[] text) {
        this.rules = rules;
        this.text = text;
    }

    static List<String> words(PreTokenizer rules, String text) {
        int[] points = text.codePoints().toArray();
        if (rules == PreTokenizer.DIGITS_THEN_GPT_2) {
            return digitsThenGpt2(points);
        }
        return words(rules, points);
    }

    private static List<String> words(PreTokenizer rules, int[] points) {
        var scanner = new WordScanner(rules, points);
        var words = new ArrayList<String>();
        for (int at = 0; at < points.length; ) {
            int end = scanner.end(at);
            words.add(new String(points, at, end - at));
            at = end;
        }
        return words;
    }

    private static List<String> digitsThenGpt2(int[] points) {
        var words = new ArrayList<String>();
        for (int at = 0; at < points.length; ) {
            int end = at;
            while (end < points.length && !isNumber(points[end])) {
                end++;
            }
            words.addAll(words(PreTokenizer.GPT_2, java.util.Arrays.copyOfRange(points, at, end)));
            if (end < points.length) {
                words.add(Character.toString(points[end++]));
            }
            at = end;
        }
        return words;
    }

    private int end(int at) {
        boolean gpt2 = rules == PreTokenizer.GPT_2;
        if (rules != PreTokenizer.TEKKEN) {
            int contraction = contraction(at, !gpt2);
            if (contraction > at) {
                return contraction;
            }
        }
        int spaced = at(at) == ' ' ? at + 1 : at;
        boolean lead = at(at) != '\r' && at(at) != '\n' && !Character.isLetter(at(at)) && !isNumber(at(at));
        int letters = gpt2 ? spaced : lead ? at + 1 : at;
        int end = rules == PreTokenizer.TEKKEN ? tekken(at, lead) : run(letters, WordScanner::isLetter);
        if (end > letters || (rules == PreTokenizer.TEKKEN && end > at)) {
            return end;
        }
        if (gpt2) {
            end = run(spaced, WordScanner::isNumber);
            if (end > spaced) {
                return end;
            }
        } else if (isNumber(at(at))) {
            int most = rules == PreTokenizer.LLAMA_3 ? 3 : 1;
            return Math.min(at + most, run(at, WordScanner::isNumber));
        }
        end = run(spaced, WordScanner::isOther);
        if (end > spaced) {
            return switch (rules) {
                case GPT_2 -> end;
                case TEKKEN -> run(end, c -> isNewline(c) || c == '/');
                default -> run(end, WordScanner::isNewline);
            };
        }
        int space = run(at, WordScanner::isSpace);
        if (!gpt2) {
            for (int i = space - 1; i >= at; i--) {
                if (isNewline(at(i))) {
                    return i + 1;
                }
            }
        }
        return space == text.length || space == at + 1 ? space : space - 1;
    }

    /** Upper-case letters, then at least one lower-case letter; else upper-case letters at least one, then lower-case ones. */
    private int tekken(int at, boolean lead) {
        for (int from = lead ? at + 1 : at; from >= at; from--) {
            for (int upper = run(from, WordScanner::isUpper); upper >= from; upper--) {
                int end = run(upper, WordScanner::isLower);
                if (end > upper) {
                    return end;
                }
            }
        }
        for (int from = lead ? at + 1 : at; from >= at; from--) {
            int upper = run(from, WordScanner::isUpper);
            if (upper > from) {
                return run(upper, WordScanner::isLower);
            }
        }
        return at;
    }

    private int contraction(int at, boolean anyCase) {
        if (at(at) != '\'') {
            return at;
        }
        for (String suffix : List.of("s", "t", "re", "ve", "m", "ll", "d")) {
            boolean same = at + suffix.length() < text.length;
            for (int i = 0; same && i < suffix.length(); i++) {
                int c = at(at + 1 + i);
                // the long s is a small s to Unicode
                int folded = anyCase ? c == 0x17F ? 's' : c < 128 ? Character.toLowerCase(c) : c : c;
                same = folded == suffix.charAt(i);
            }
            if (same) {
                return at + 1 + suffix.length();
            }
        }
        return at;
    }

    private interface Kind {
        boolean has(int c);
    }

    private int run(int from, Kind kind) {
        int end = from;
        while (end < text.length && kind.has(text[end])) {
            end++;
        }
        return end;
    }

    private int at(int index) {
        return text[index];
    }

    private static boolean isLetter(int c) {
        return Character.isLetter(c);
    }

    private static boolean isUpper(int c) {
        return isMark(c)
                || switch (Character.getType(c)) {
                    case Character.UPPERCASE_LETTER,
                            Character.TITLECASE_LETTER,
                            Character.MODIFIER_LETTER,
                            Character.OTHER_LETTER -> true;
                    default -> false;
                };
    }

    private static boolean isLower(int c) {
        return isMark(c)
                || switch (Character.getType(c)) {
                    case Character.LOWERCASE_LETTER, Character.MODIFIER_LETTER, Character.OTHER_LETTER -> true;
                    default -> false;
                };
    }

    private static boolean isMark(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> true;
            default -> false;
        };
    }

    private static boolean isNumber(int c) {
        return switch (Character.getType(c)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
            default -> false;
        };
    }

    private static boolean isNewline(int c) {
        return c == '\r' || c == '\n';
    }

    private static boolean isSpace(int c) {
        return (c >= 9 && c <= 13)
                || c == ' '
                || c == 0x85
                || c == 0xA0
                || c == 0x1680
                || (c >= 0x2000 && c <= 0x200A)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202F
                || c == 0x205F
                || c == 0x3000;
    }

    private static boolean isOther(int c) {
        return !isSpace(c) && !isLetter(c) && !isNumber(c);
    }
}
