package io.infergrid.compute.engine;

/** What enters a stage for some consecutive positions: token ids where the stage has the embedding, else boundary activations. */
public sealed interface StageInput permits StageInput.Tokens, Boundary {

    /** Number of consecutive positions. */
    int positions();

    /** Token ids, one a position. */
    record Tokens(int... ids) implements StageInput {
        @Override
        public int positions() {
            return ids.length;
        }
    }
}
