package io.infergrid.compute.tokenizer;

/** Kinds of tokens, in the order of the numbers in {@code tokenizer.ggml.token_type}, which start at 1. */
enum TokenType {
    NORMAL,
    UNKNOWN,
    CONTROL,
    USER_DEFINED,
    UNUSED,
    BYTE;

    private static final TokenType[] ALL = values();

    static TokenType ofNumber(int number) {
        return ALL[number - 1];
    }

    static int count() {
        return ALL.length;
    }

    /** True if the token's text is looked for in the input before anything else. */
    boolean isSpecial() {
        return this == CONTROL || this == USER_DEFINED || this == UNKNOWN;
    }
}
