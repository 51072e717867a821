package io.infergrid.compute.engine;

/**
 * Boundary activations: the residual stream between two blocks, in the one type that it has there, on the wire and in
 * hashes: IEEE binary16, little-endian, position after position.
 *
 * @param positions number of consecutive positions
 * @param dimension the model's embedding length
 * @param wire {@code positions * dimension * 2} bytes
 */
public record Boundary(int positions, int dimension, byte[] wire) implements StageInput, StageOutput {

    public Boundary {
        if (positions <= 0 || dimension <= 0 || wire.length != (long) positions * dimension * 2) {
            throw new IllegalArgumentException("expected " + positions + " positions of " + dimension + " halves in "
                    + 2L * positions * dimension + " bytes, found " + wire.length);
        }
    }
}
