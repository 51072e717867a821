package io.infergrid.grid.pipeline;

import io.infergrid.grid.GenerationRequest.Sampling;

/** Draws the tokens of one session. */
final class TokenDraw {

    TokenDraw(Sampling sampling) {
        if (sampling.temperature() > 0) {
            throw new IllegalArgumentException("expected temperature 0, found " + sampling.temperature());
        }
    }

    /** @param position place of the drawn token in the session */
    int next(float[] logits, int position) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }
}
