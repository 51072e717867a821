package io.infergrid.compute.jinja;

import java.math.BigDecimal;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The {@code tojson} filter as chat templates have it: Python's {@code json.dumps} with characters as they are. */
final class Json {

    private final Text.Builder to = new Text.Builder();
    private final Budget budget;
    private final int indent;

    private Json(Budget budget, int indent) {
        this.budget = budget;
        this.indent = indent;
    }

    /** @param indent spaces a level, or -1 for one line */
    static Text of(Object value, int indent, Budget budget) {
        var json = new Json(budget, indent);
        json.write(value, 0);
        return json.to.build();
    }

    private void write(Object value, int level) {
        budget.step();
        budget.enter();
        switch (value) {
            case Text text -> string(text);
            case Boolean b -> to.append(b.toString());
            case Long n -> to.append(n.toString());
            case Double d -> to.append(number(d));
            case Nothing _ -> to.append("null");
            case List<?> list -> {
                to.append("[");
                for (int i = 0; i < list.size(); i++) {
                    separate(i, level + 1);
                    write(list.get(i), level + 1);
                }
                close(list.isEmpty(), level, "]");
            }
            case Map<?, ?> map -> {
                to.append("{");
                int i = 0;
                for (var entry : map.entrySet()) {
                    separate(i++, level + 1);
                    string(entry.getKey() instanceof Text key ? key : Values.written(entry.getKey(), budget));
                    to.append(": ");
                    write(entry.getValue(), level + 1);
                }
                close(map.isEmpty(), level, "}");
            }
            default -> throw new JinjaException("expected a value that JSON can say, found " + Values.kind(value));
        }
        budget.leave();
    }

    private void separate(int index, int level) {
        if (index > 0) {
            to.append(indent < 0 ? ", " : ",");
        }
        line(level);
    }

    private void close(boolean empty, int level, String bracket) {
        if (!empty) {
            line(level);
        }
        to.append(bracket);
    }

    private void line(int level) {
        if (indent >= 0) {
            budget.characters((long) level * indent);
            to.append("\n" + " ".repeat(level * indent));
        }
    }

    private void string(Text text) {
        budget.characters(text.length());
        to.append("\"");
        for (int i = 0; i < text.length(); i++) {
            to.append(escaped(text.toString().charAt(i)), text.isUsers(i));
        }
        to.append("\"");
    }

    private static String escaped(char c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\b' -> "\\b";
            case '\f' -> "\\f";
            default -> c < ' ' ? "\\u" + HexFormat.of().toHexDigits(c) : String.valueOf(c);
        };
    }

    /** As Python writes it: {@code 1.0}, {@code 0.5}, {@code 1e-05}, {@code 1.5e+16}. */
    static String number(double d) {
        double size = Math.abs(d);
        if (d == Math.rint(d) && size < 1e16) {
            return (long) d + ".0";
        }
        String java = Double.toString(d);
        int e = java.indexOf('E');
        if (e < 0) {
            return java;
        }
        int exponent = Integer.parseInt(java.substring(e + 1));
        String digits = java.substring(0, e);
        if (exponent >= -4 && exponent < 0) {
            return BigDecimal.valueOf(d).stripTrailingZeros().toPlainString();
        }
        String mantissa = digits.endsWith(".0") ? digits.substring(0, digits.length() - 2) : digits;
        return mantissa + (exponent < 0 ? "e-" : "e+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }
}
