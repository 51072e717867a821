package io.infergrid.compute.generate;

/** A model somewhere with a conversation in it. Used by one thread at a time. */
@FunctionalInterface
public interface NextToken {

    /**
     * Appends tokens to the conversation and draws the one that follows them. That one is not part of the conversation until it
     * is passed here in its turn.
     *
     * @param tokens the prompt in the first call, then usually the token drawn before; at least one
     */
    int next(int... tokens);
}
