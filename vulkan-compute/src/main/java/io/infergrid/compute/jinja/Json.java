package io.infergrid.compute.jinja;

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
            char c = text.toString().charAt(i);
            String escaped = escaped(c);
            for (int j = 0; j < escaped.length(); j++) {
                to.append(escaped.charAt(j), text.isUsers(i));
            }
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

    static String number(double d) {
        return d == Math.rint(d) && Math.abs(d) < 1e16 ? (long) d + ".0" : Double.toString(d);
    }
}
