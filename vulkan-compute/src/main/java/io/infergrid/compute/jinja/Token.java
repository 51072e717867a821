package io.infergrid.compute.jinja;

/** A piece of a template: text between tags, or a word within one. */
record Token(Kind kind, String text, int line) {

    enum Kind {
        DATA,
        BLOCK_BEGIN,
        BLOCK_END,
        VALUE_BEGIN,
        VALUE_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(String operatorOrName) {
        return (kind == Kind.OPERATOR || kind == Kind.NAME) && text.equals(operatorOrName);
    }

    String described() {
        return kind == Kind.END
                ? "the end of the template"
                : "'" + text.substring(0, Math.min(20, text.length())) + "'";
    }
}
