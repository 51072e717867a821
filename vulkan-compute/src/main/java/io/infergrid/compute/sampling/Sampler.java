package io.infergrid.compute.sampling;

import java.util.Arrays;

/**
 * Draws tokens. The steps, in this order: repetition penalty; for temperature 0 the greatest logit; else top-k, top-p, min-p
 * on the model's own probabilities, then the greatest of {@code logit / temperature + noise} among what is left. Of equals
 * the lowest id wins everywhere. Immutable and thread-safe.
 */
public final class Sampler {

    private static final int[] NONE = {};

    private final SamplingParameters parameters;

    public Sampler(SamplingParameters parameters) {
        this.parameters = parameters;
    }

    /** {@link #next(float[], int, int...)} without tokens to penalise. */
    public int next(float[] logits, int position) {
        return next(logits, position, NONE);
    }

    /**
     * Draws the token that will stand at {@code position}.
     *
     * @param logits one a token of the vocabulary; not changed
     * @param position number of tokens before the one drawn
     * @param recent tokens that the repetition penalty applies to, once each
     * @throws IllegalArgumentException if a logit is NaN or positive infinity, or all are negative infinity
     */
    public int next(float[] logits, int position, int... recent) {
        float[] penalised = penalised(logits, recent);
        int best = greatest(penalised);
        if (parameters.temperature() == 0) {
            return best;
        }
        int[] candidates = candidates(penalised, penalised[best]);
        return draw(penalised, candidates, position);
    }

    private float[] penalised(float[] logits, int[] recent) {
        if (parameters.repetitionPenalty() == 1 || recent.length == 0) {
            return logits;
        }
        float[] changed = logits.clone();
        Arrays.stream(recent).distinct().forEach(token -> {
            float logit = logits[token];
            changed[token] =
                    logit > 0 ? logit / parameters.repetitionPenalty() : logit * parameters.repetitionPenalty();
        });
        return changed;
    }

    private static int greatest(float[] logits) {
        int best = -1;
        float most = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.length; i++) {
            if (!(logits[i] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("expected finite logits, found " + logits[i] + " for token " + i);
            }
            if (logits[i] > most) {
                most = logits[i];
                best = i;
            }
        }
        if (best < 0) {
            throw new IllegalArgumentException("expected a finite logit, found none among " + logits.length);
        }
        return best;
    }

    /** Ids that pass the filters; all of them in ascending order if nothing limits them. */
    private int[] candidates(float[] logits, float most) {
        boolean limited = parameters.topK() > 0 && parameters.topK() < logits.length;
        if (!limited && parameters.topP() == 1 && parameters.minP() == 0) {
            int[] all = new int[logits.length];
            Arrays.setAll(all, i -> i);
            return all;
        }
        int[] sorted = byDescendingLogit(logits);
        int count = limited ? parameters.topK() : sorted.length;
        count = withinTopP(logits, sorted, count, most);
        count = withinMinP(logits, sorted, count, most);
        return Arrays.copyOf(sorted, count);
    }

    private static int[] byDescendingLogit(float[] logits) {
        long[] keys = new long[logits.length];
        for (int i = 0; i < keys.length; i++) {
            int bits = Float.floatToIntBits(logits[i] + 0f); // so that -0 is 0
            int ascending = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
            keys[i] = ((long) ~ascending << 32) | i;
        }
        Arrays.sort(keys);
        int[] ids = new int[keys.length];
        Arrays.setAll(ids, i -> (int) keys[i]);
        return ids;
    }

    /** Length of the shortest beginning of {@code sorted} that has the wanted share of the first {@code count}. */
    private int withinTopP(float[] logits, int[] sorted, int count, float most) {
        if (parameters.topP() == 1) {
            return count;
        }
        double[] weights = new double[count];
        double total = 0;
        for (int i = 0; i < count; i++) {
            weights[i] = StrictMath.exp((double) logits[sorted[i]] - most);
            total += weights[i];
        }
        double wanted = parameters.topP() * total;
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weights[i];
            if (sum >= wanted) {
                return i + 1;
            }
        }
        return count;
    }

    private int withinMinP(float[] logits, int[] sorted, int count, float most) {
        if (parameters.minP() == 0) {
            return count;
        }
        double least = most + StrictMath.log(parameters.minP());
        int kept = 1;
        while (kept < count && logits[sorted[kept]] >= least) {
            kept++;
        }
        return kept;
    }

    private int draw(float[] logits, int[] candidates, int position) {
        int best = -1;
        double most = Double.NEGATIVE_INFINITY;
        for (int token : candidates) {
            if (logits[token] == Float.NEGATIVE_INFINITY) {
                continue;
            }
            double scaled = (double) logits[token] / parameters.temperature();
            double v = GumbelNoise.uniform(parameters.seed(), position, token);
            // most tokens cannot win whatever the logarithms say, and logarithms are what costs
            if (scaled + GumbelNoise.bound(v) < most) {
                continue;
            }
            double score = scaled + GumbelNoise.gumbel(v);
            if (score > most || (score == most && token < best)) {
                most = score;
                best = token;
            }
        }
        return best;
    }
}
