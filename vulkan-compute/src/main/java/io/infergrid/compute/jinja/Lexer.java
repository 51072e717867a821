package io.infergrid.compute.jinja;

import io.infergrid.compute.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens, with white space around tags removed as Jinja does with {@code trim_blocks} and
 * {@code lstrip_blocks}, which is how chat templates are meant to be read.
 */
final class Lexer {

    private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*([-+]?)%}");
    private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%}");
    private static final Pattern NUMBER = Pattern.compile("[0-9]+(_[0-9]+)*(\\.[0-9]+)?([eE][-+]?[0-9]+)?");
    private static final List<String> OPERATORS = List.of("**", "//", "==", "!=", ">=", "<=");
    private static final String SINGLE = "+-*/%~()[]{},.:|=<>";

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        // the last line's end is not part of a template
        var lexer = new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < source.length()) {
            int tag = nextTag();
            boolean lineBegins = at == 0 || source.charAt(at - 1) == '\n';
            if (tag < 0) {
                data(source.substring(at));
                at = source.length();
                break;
            }
            char kind = source.charAt(tag + 1);
            char mark = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
            data(before(source.substring(at, tag), kind, mark, lineBegins));
            skip(tag - at);
            switch (kind) {
                case '#' -> comment();
                case '%' -> block(mark);
                default -> value(mark);
            }
        }
        tokens.add(new Token(Kind.END, "", line));
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char c = source.charAt(i + 1);
            if (c == '{' || c == '%' || c == '#') {
                return i;
            }
        }
        return -1;
    }

    private static String before(String text, char kind, char mark, boolean lineBegins) {
        if (mark == '-') {
            return text.stripTrailing();
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        if (kind != '{'
                && mark != '+'
                && (lineStart > 0 || lineBegins)
                && text.substring(lineStart).isBlank()) {
            return text.substring(0, lineStart);
        }
        return text;
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            tokens.add(new Token(Kind.DATA, text, line));
        }
    }

    private void skip(int characters) {
        for (int i = 0; i < characters; i++) {
            if (source.charAt(at++) == '\n') {
                line++;
            }
        }
    }

    /** What goes after a tag: all white space after a minus, else one line's end after a block or a comment. */
    private void after(String mark, boolean value) {
        if (mark.equals("-")) {
            while (at < source.length() && Text.isSpace(source.charAt(at))) {
                skip(1);
            }
        } else if (!value && !mark.equals("+") && at < source.length() && source.charAt(at) == '\n') {
            skip(1);
        }
    }

    private void comment() {
        int end = source.indexOf("#}", at + 2);
        if (end < 0) {
            throw error("expected the end of a comment, found the end of the template");
        }
        String mark = end > at + 2 && "+-".indexOf(source.charAt(end - 1)) >= 0 ? source.substring(end - 1, end) : "";
        skip(end + 2 - at);
        after(mark, false);
    }

    private void block(char mark) {
        Matcher raw = RAW.matcher(source).region(at, source.length());
        if (raw.lookingAt()) {
            raw(raw);
            return;
        }
        tokens.add(new Token(Kind.BLOCK_BEGIN, "{%", line));
        skip(mark == '-' || mark == '+' ? 3 : 2);
        words("%}", Kind.BLOCK_END);
    }

    private void raw(Matcher begin) {
        skip(begin.end() - at);
        after(begin.group(1), false);
        Matcher end = END_RAW.matcher(source);
        if (!end.find(at)) {
            throw error("expected endraw, found the end of the template");
        }
        String text = source.substring(at, end.start());
        data(end.group(1).equals("-") ? text.stripTrailing() : text);
        skip(end.end() - at);
        after(end.group(2), false);
    }

    private void value(char mark) {
        tokens.add(new Token(Kind.VALUE_BEGIN, "{{", line));
        skip(mark == '-' || mark == '+' ? 3 : 2);
        words("}}", Kind.VALUE_END);
    }

    private void words(String close, Kind closing) {
        int depth = 0;
        while (true) {
            while (at < source.length() && Text.isSpace(source.charAt(at))) {
                skip(1);
            }
            if (at >= source.length()) {
                throw error("expected " + close + ", found the end of the template");
            }
            if (depth == 0) {
                boolean marked = "-+".indexOf(source.charAt(at)) >= 0 && source.startsWith(close, at + 1);
                if (marked || source.startsWith(close, at)) {
                    String mark = marked ? source.substring(at, at + 1) : "";
                    tokens.add(new Token(closing, close, line));
                    skip(close.length() + mark.length());
                    after(mark, closing == Kind.VALUE_END);
                    return;
                }
            }
            char c = source.charAt(at);
            depth += "([{".indexOf(c) >= 0 ? 1 : ")]}".indexOf(c) >= 0 ? -1 : 0;
            word(c);
        }
    }

    private void word(char c) {
        if (c == '\'' || c == '"') {
            string(c);
        } else if (c >= '0' && c <= '9') {
            Matcher number = NUMBER.matcher(source).region(at, source.length());
            if (!number.lookingAt()) {
                throw error("expected a number, found '" + c + "'");
            }
            boolean whole = number.group(2) == null && number.group(3) == null;
            add(whole ? Kind.INTEGER : Kind.FLOAT, number.end() - at);
        } else if (Character.isJavaIdentifierStart(c) && c != '$') {
            int end = at;
            while (end < source.length()
                    && Character.isJavaIdentifierPart(source.charAt(end))
                    && source.charAt(end) != '$') {
                end++;
            }
            add(Kind.NAME, end - at);
        } else if (at + 1 < source.length() && OPERATORS.contains(source.substring(at, at + 2))) {
            add(Kind.OPERATOR, 2);
        } else if (SINGLE.indexOf(c) >= 0) {
            add(Kind.OPERATOR, 1);
        } else {
            throw error("expected a word, a number, a string or an operator, found '" + c + "'");
        }
    }

    private void add(Kind kind, int length) {
        tokens.add(new Token(kind, source.substring(at, at + length), line));
        skip(length);
    }

    private void string(char quote) {
        int started = line;
        var text = new StringBuilder();
        skip(1);
        while (at < source.length() && source.charAt(at) != quote) {
            char c = source.charAt(at);
            skip(1);
            if (c == '\\' && at < source.length()) {
                c = source.charAt(at);
                skip(1);
                escaped(c, text);
            } else {
                text.append(c);
            }
        }
        if (at >= source.length()) {
            throw error("expected the end of a string, found the end of the template");
        }
        skip(1);
        tokens.add(new Token(Kind.STRING, text.toString(), started));
    }

    private void escaped(char c, StringBuilder to) {
        switch (c) {
            case 'n' -> to.append('\n');
            case 't' -> to.append('\t');
            case 'r' -> to.append('\r');
            case '\n' -> {}
            case '\\', '\'', '"' -> to.append(c);
            case 'x' -> to.appendCodePoint(hexadecimal(2));
            case 'u' -> to.appendCodePoint(hexadecimal(4));
            // Python keeps a backslash that means nothing
            default -> to.append('\\').append(c);
        }
    }

    private int hexadecimal(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = at < source.length() ? Character.digit(source.charAt(at), 16) : -1;
            if (digit < 0) {
                throw error("expected " + digits + " hexadecimal digits after a backslash");
            }
            value = value * 16 + digit;
            skip(1);
        }
        return value;
    }

    private JinjaException error(String message) {
        return new JinjaException("line " + line + ": " + message);
    }
}
