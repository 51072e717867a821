package io.infergrid.compute.engine;

import io.infergrid.compute.model.ModelConfig;

/** What every backend refuses before it computes: a peer's boundary and an API's tokens come from outside. */
public final class StageChecks {

    private StageChecks() {}

    /**
     * @throws IllegalArgumentException if the input is not of the kind that the stage takes, has a token outside the
     *     vocabulary, a boundary of another dimension or with a half that is not finite, or more positions than are left
     */
    public static void input(StageInput input, ModelConfig config, StageSpec spec, int position, int maxPositions) {
        if (input.positions() < 1 || input.positions() > maxPositions - position) {
            throw new IllegalArgumentException(
                    "expected 1 to " + (maxPositions - position) + " more positions, found " + input.positions());
        }
        switch (input) {
            case StageInput.Tokens tokens -> {
                if (!spec.embedding()) {
                    throw new IllegalArgumentException(
                            "expected boundary activations for a stage without embedding, found tokens");
                }
                for (int id : tokens.ids()) {
                    if (id < 0 || id >= config.vocabulary()) {
                        throw new IllegalArgumentException(
                                "expected token ids in [0, " + config.vocabulary() + "), found " + id);
                    }
                }
            }
            case Boundary boundary -> {
                if (spec.embedding()) {
                    throw new IllegalArgumentException(
                            "expected tokens for a stage with the embedding, found boundary activations");
                }
                if (boundary.dimension() != config.dimension()) {
                    throw new IllegalArgumentException("expected boundary activations of dimension "
                            + config.dimension() + ", found " + boundary.dimension());
                }
                requireFinite(boundary);
            }
        }
    }

    /**
     * @throws IllegalArgumentException if a half is infinite or not a number
     */
    public static void requireFinite(Boundary boundary) {
        byte[] wire = boundary.wire();
        for (int i = 1; i < wire.length; i += 2) {
            if ((wire[i] & 0x7c) == 0x7c) {
                throw new IllegalArgumentException(
                        "expected finite boundary activations, found one that is not at position "
                                + i / 2 / boundary.dimension() + ", element " + i / 2 % boundary.dimension());
            }
        }
    }
}
