package io.infergrid.app.ui.control;

/** Reads what was typed into a field for whole numbers. */
final class TypedNumber {

    private TypedNumber() {}

    /** The number that {@code text} is, if it is one from 0 to {@code most}; else {@code otherwise}. */
    static int of(String text, int most, int otherwise) {
        String digits = text.strip();
        if (!digits.matches("\\d{1,9}")) {
            return otherwise;
        }
        int number = Integer.parseInt(digits);
        return number <= most ? number : otherwise;
    }
}
