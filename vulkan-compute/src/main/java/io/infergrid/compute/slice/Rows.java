package io.infergrid.compute.slice;

/** The rows {@code [from, to)} of a matrix, or the elements that they compute. */
public record Rows(int from, int to) {

    public Rows {
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException(
                    "expected rows of 0 or more, at least one, found [" + from + ", " + to + ")");
        }
    }

    public int count() {
        return to - from;
    }

    Rows times(int factor) {
        return new Rows(from * factor, to * factor);
    }
}
