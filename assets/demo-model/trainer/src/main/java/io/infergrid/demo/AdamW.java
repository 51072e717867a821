package io.infergrid.demo;

/** AdamW (Loshchilov and Hutter, 2019) with gradient clipping by global norm; decay acts on matrices only. */
final class AdamW {
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.98f;
    private static final float EPSILON = 1e-8f;
    static final float WEIGHT_DECAY = 0.05f;
    static final double CLIP = 1.0;

    private final float[] mean;
    private final float[] square;

    AdamW(int size) {
        this(new float[size], new float[size]);
    }

    /** Continues from saved moments. */
    AdamW(float[] mean, float[] square) {
        this.mean = mean;
        this.square = square;
    }

    float[] mean() {
        return mean;
    }

    float[] square() {
        return square;
    }

    /**
     * Moves the weights by one step; a gradient that is not finite moves nothing.
     *
     * @param step counts from 1
     * @return the norm of the gradient before clipping
     */
    double update(Weights weights, float[] gradient, int step, float learningRate) {
        double sum = 0;
        for (float g : gradient) {
            sum += (double) g * g;
        }
        double norm = Math.sqrt(sum);
        if (!Double.isFinite(norm)) {
            return norm;
        }
        float scale = norm > CLIP ? (float) (CLIP / norm) : 1f;
        float correction1 = (float) (1 - Math.pow(BETA1, step));
        float correction2 = (float) (1 - Math.pow(BETA2, step));
        float[] values = weights.values();
        for (var tensor : weights.tensors()) {
            float decay = tensor.isMatrix() ? learningRate * WEIGHT_DECAY : 0f;
            for (int i = tensor.offset(); i < tensor.offset() + tensor.size(); i++) {
                float g = gradient[i] * scale;
                mean[i] = BETA1 * mean[i] + (1 - BETA1) * g;
                square[i] = BETA2 * square[i] + (1 - BETA2) * g * g;
                float direction = (mean[i] / correction1) / ((float) Math.sqrt(square[i] / correction2) + EPSILON);
                values[i] -= learningRate * direction + decay * values[i];
            }
        }
        return norm;
    }
}
