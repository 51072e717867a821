package io.infergrid.compute.engine;

/** What leaves a stage: logits where it has the output head, else boundary activations. */
public sealed interface StageOutput permits StageOutput.Logits, Boundary {

    /**
     * Logits of the positions that were asked for.
     *
     * @param values [positions][vocabulary]
     */
    record Logits(float[][] values) implements StageOutput {}
}
