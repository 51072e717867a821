package io.infergrid.app.ui;

import java.util.ArrayList;
import java.util.List;

/** Comma-separated values as RFC 4180 has them. A text that a spreadsheet would take for a formula is made harmless. */
public final class Csv {

    private final List<String> lines = new ArrayList<>();

    public Csv line(Object... values) {
        var line = new StringBuilder();
        for (var value : values) {
            if (!line.isEmpty()) {
                line.append(',');
            }
            line.append(value instanceof Number number ? number.toString() : quoted(String.valueOf(value)));
        }
        lines.add(line.toString());
        return this;
    }

    private static String quoted(String value) {
        var safe = !value.isEmpty() && "=+-@\t\r".indexOf(value.charAt(0)) >= 0 ? "'" + value : value;
        return "\"" + safe.replace("\"", "\"\"") + "\"";
    }

    @Override
    public String toString() {
        return String.join("\r\n", lines) + "\r\n";
    }
}
