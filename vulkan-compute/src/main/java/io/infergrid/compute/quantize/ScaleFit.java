package io.infergrid.compute.quantize;

/**
 * Least-squares fits of a few neighbouring weights: {@code x[i] ~ scale * q[i]}, or {@code x[i] ~ scale * q[i] + offset}, with
 * integers q of a given range. Which q a weight gets depends on the scale and the best scale on the q, so a fit tries a
 * row of scales around the one that just spans the range, solves for the best real scale beside each choice of
 * integers, and improves the best by rounding and solving in turn (Lloyd, "Least squares quantization in PCM", 1982).
 *
 * <p>All in binary32 and in a fixed order, so the result is the same everywhere. One instance serves one thread.
 */
final class ScaleFit {

    /** Adding and subtracting it rounds to an integer; its bits less those of a sum are that integer. */
    private static final float ROUNDING = 12582912f; // 1.5 * 2^23

    private static final int ROUNDING_BITS = Float.floatToRawIntBits(ROUNDING);

    /** Beyond this, rounding by addition is wrong; every range ends far before. */
    private static final float MOST = 1 << 20;

    private static final int LLOYD_ROUNDS = 3;

    private float scale;
    private float offset;

    /** Of the last fit; of either sign where the range of integers is signed. */
    float scale() {
        return scale;
    }

    /** Of the last fit with an offset. */
    float offset() {
        return offset;
    }

    /** Nearest integer of {@code [least, most]}, ties to even. */
    static int round(float x, int least, int most) {
        float bounded = Math.max(-MOST, Math.min(MOST, x));
        int rounded = Float.floatToRawIntBits(bounded + ROUNDING) - ROUNDING_BITS;
        return Math.max(least, Math.min(most, rounded));
    }

    /** 1/x, and 0 for what has no useful inverse. */
    static float inverse(float x) {
        float inverse = 1 / x;
        return Float.isFinite(inverse) ? inverse : 0;
    }

    /**
     * Finds the scale for {@code x[from .. from + n)} with integers in {@code [least, most]}.
     *
     * @param candidates scales to try on each side of the one that just spans the range, per sign
     */
    void signed(float[] x, int from, int n, int least, int most, int candidates, float step) {
        float greatest = greatest(x, from, n);
        scale = 0;
        if (inverse(greatest) == 0) {
            return;
        }
        float best = 0;
        for (int c = -candidates; c <= candidates; c++) {
            best = trySigned(x, from, n, least, most, (least - c * step) / greatest, best);
            if (least != -most) { // else the other sign is the same again
                best = trySigned(x, from, n, least, most, (most + c * step) / greatest, best);
            }
        }
        settle((inverse, explained) -> trySigned(x, from, n, least, most, inverse, explained), best);
    }

    /** The element of the greatest magnitude, with its sign. */
    private static float greatest(float[] x, int from, int n) {
        float greatest = 0;
        for (int i = from; i < from + n; i++) {
            greatest = Math.abs(x[i]) > Math.abs(greatest) ? x[i] : greatest;
        }
        return greatest;
    }

    /** One assignment of integers with a given inverse scale, see {@link #trySigned}. */
    private interface Attempt {
        float with(float inverse, float best);
    }

    /** Assigns again with the best scale for the last assignment, as long as that explains more (Lloyd). */
    private void settle(Attempt attempt, float found) {
        float best = found;
        for (int round = 0; round < LLOYD_ROUNDS; round++) {
            float before = best;
            best = attempt.with(inverse(scale), best);
            if (best == before) {
                return;
            }
        }
    }

    /** Takes the scale of an assignment if it explains more than {@code best}; the greater of the two. */
    private float better(float xq, int qq, float best) {
        float explained = qq == 0 ? 0 : xq * xq / qq;
        if (explained > best) {
            scale = xq / qq;
            return explained;
        }
        return best;
    }

    /** The part of sum x^2 that is explained with this inverse scale, or {@code best} if that is not less. */
    private float trySigned(float[] x, int from, int n, int least, int most, float inverse, float best) {
        float xq = 0;
        int qq = 0;
        for (int i = from; i < from + n; i++) {
            int q = Float.floatToRawIntBits(x[i] * inverse + ROUNDING) - ROUNDING_BITS;
            q = Math.max(least, Math.min(most, q));
            xq += x[i] * q;
            qq += q * q;
        }
        return better(xq, qq, best);
    }

    /** The same with the sixteen values of IQ4_NL in place of integers. */
    void nonLinear(float[] x, int from, int n, int candidates, float step) {
        float greatest = greatest(x, from, n);
        scale = 0;
        if (inverse(greatest) == 0) {
            return;
        }
        float best = 0;
        for (int c = -candidates; c <= candidates; c++) {
            best = tryNonLinear(x, from, n, (NonLinear.LEAST - c * step) / greatest, best);
            best = tryNonLinear(x, from, n, (NonLinear.MOST + c * step) / greatest, best);
        }
        settle((inverse, explained) -> tryNonLinear(x, from, n, inverse, explained), best);
    }

    private float tryNonLinear(float[] x, int from, int n, float inverse, float best) {
        float xq = 0;
        int qq = 0;
        for (int i = from; i < from + n; i++) {
            int q = NonLinear.value(NonLinear.nearest(x[i] * inverse));
            xq += x[i] * q;
            qq += q * q;
        }
        return better(xq, qq, best);
    }

    /**
     * Finds scale and offset for {@code x[from .. from + n)} with integers in {@code [0, most]}.
     *
     * @param belowZero whether the offset may not be above 0
     */
    void withOffset(float[] x, int from, int n, int most, boolean belowZero, int candidates, float step) {
        float least = belowZero ? 0 : x[from];
        float greatest = least;
        for (int i = from; i < from + n; i++) {
            least = Math.min(least, x[i]);
            greatest = Math.max(greatest, x[i]);
        }
        scale = 0;
        offset = least;
        float range = greatest - least;
        if (inverse(range) == 0) {
            return;
        }
        float error = Float.POSITIVE_INFINITY;
        for (int c = -candidates; c <= candidates; c++) {
            float inverse = (most + c * step) / range;
            error = tryWithOffset(x, from, n, most, belowZero, inverse, least, error);
            // spread both ends alike
            float shift = 0.5f * c * step / inverse;
            error = tryWithOffset(x, from, n, most, belowZero, inverse, least + shift, error);
        }
        for (int round = 0; round < LLOYD_ROUNDS; round++) {
            float before = error;
            error = tryWithOffset(x, from, n, most, belowZero, inverse(scale), offset, error);
            if (error == before) {
                return;
            }
        }
    }

    private float tryWithOffset(
            float[] x, int from, int n, int most, boolean belowZero, float inverse, float least, float smallest) {
        float sumX = 0;
        float sumXq = 0;
        float sumXx = 0;
        int sumQ = 0;
        int sumQq = 0;
        for (int i = from; i < from + n; i++) {
            // relative to the start: squares of a narrow range far from zero would cancel
            float above = x[i] - least;
            int q = Float.floatToRawIntBits(above * inverse + ROUNDING) - ROUNDING_BITS;
            q = Math.max(0, Math.min(most, q));
            sumX += above;
            sumXq += above * q;
            sumXx += above * above;
            sumQ += q;
            sumQq += q * q;
        }
        float determinant = (float) n * sumQq - (float) sumQ * sumQ;
        if (sumQ == 0) {
            return smallest;
        }
        float slope = (n * sumXq - sumX * sumQ) / determinant;
        float shift = (sumX - slope * sumQ) / n;
        // equal integers say nothing of the offset
        if (determinant <= 0 || belowZero && least + shift > 0) {
            shift = belowZero ? -least : 0;
            slope = (sumXq - shift * sumQ) / sumQq;
        }
        float error = sumXx
                - 2 * (slope * sumXq + shift * sumX)
                + slope * (slope * sumQq + 2 * shift * sumQ)
                + n * shift * shift;
        if (error < smallest && slope > 0) {
            scale = slope;
            offset = least + shift;
            return error;
        }
        return smallest;
    }
}
