package io.infergrid.compute.jinja;

/** What a render may cost. Templates come from strangers: one that never ends, or never stops writing, is refused. */
final class Budget {

    private static final long MOST_STEPS = 1_000_000;
    private static final long MOST_CHARACTERS = 64L << 20;
    private static final long MOST_READ = 1L << 30;
    private static final int DEEPEST = 250;

    private long steps;
    private long characters;
    private long read;
    private int depth;

    /** Before each statement, expression and element of a list that is made. */
    void step() {
        if (++steps > MOST_STEPS) {
            throw new JinjaException("expected a template that ends within " + MOST_STEPS + " steps, found more");
        }
    }

    /** The same for so many elements at once. */
    void steps(long count) {
        steps += count;
        step();
    }

    /** For each text that is made, whether it is kept or not; {@code text} itself. */
    Text made(Text text) {
        characters(text.length());
        return text;
    }

    /** Before a text of this length is made. */
    void characters(long length) {
        characters += length;
        if (characters > MOST_CHARACTERS) {
            throw new JinjaException(
                    "expected a template that makes at most " + MOST_CHARACTERS + " characters, found more");
        }
    }

    /** Before a text of this length is looked through. */
    void read(long length) {
        read += length;
        if (read > MOST_READ) {
            throw new JinjaException("expected a template that reads at most " + MOST_READ + " characters, found more");
        }
    }

    void enter() {
        if (++depth > DEEPEST) {
            throw new JinjaException("expected a template that nests at most " + DEEPEST + " deep, found more");
        }
    }

    void leave() {
        depth--;
    }
}
