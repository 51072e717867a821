package io.infergrid.compute.generate;

/** Hears an answer as it grows, on the thread that generates it. */
@FunctionalInterface
public interface TokenListener {

    /** Hears nothing. */
    TokenListener NONE = (_, _) -> {};

    /**
     * @param id a token of the answer
     * @param text what can be shown now: complete characters, without what may become a stop text; may be empty
     */
    void token(int id, String text);

    /** Text that was held back and turned out to belong to the answer; called at its end, if at all. */
    default void rest(String text) {}
}
