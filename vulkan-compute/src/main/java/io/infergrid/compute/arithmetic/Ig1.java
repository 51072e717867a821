package io.infergrid.compute.arithmetic;

/**
 * The scalar functions and the sums of IG1 (docs/ig1.md). Only binary32 add, subtract and multiply, each rounded on its
 * own to nearest even, conversions that are exact, compares and bit operations: so that a GPU gives the same bits. The
 * GLSL of {@code ig1.glsl} has the same functions under the same names.
 */
public final class Ig1 {

    /** Magnitudes below this are zero to {@link #flush}: a device may or may not keep subnormals, so none may arise. */
    public static final float TINY = 0x1p-100f;

    /** A block whose largest magnitude is below this is quantised to zero. */
    public static final float QUANTISE_FLOOR = 0x1p-60f;

    /** Largest finite binary16: {@link #toHalf} saturates there. */
    public static final float HALF_MAX = 65504f;

    private static final short HALF_NAN = 0x7e00;

    private Ig1() {}

    /** e to the power of x for x in [-60, 60]; 0 below, e^60 above. Relative error below 1.2e-7. */
    public static float exp(float x) {
        if (x < -60f) {
            return 0f;
        }
        float clamped = x > 60f ? 60f : x;
        float k = rint(clamped * 1.44269504f);
        // ln 2 in two parts, the first of few bits so that k times it is exact
        float f = clamped - k * 0.693359375f;
        f = f - k * -2.12194440e-4f;
        float p = 1.9875691500e-4f;
        p = p * f + 1.3981999507e-3f;
        p = p * f + 8.3334519073e-3f;
        p = p * f + 4.1665795894e-2f;
        p = p * f + 1.6666665459e-1f;
        p = p * f + 5.0000001201e-1f;
        float y = p * (f * f);
        y = y + f;
        y = y + 1f;
        return Float.intBitsToFloat(Float.floatToRawIntBits(y) + ((int) k << 23));
    }

    /** 1 / sqrt(x) for normal x > 0, by four Newton steps. */
    public static float rsqrt(float x) {
        float half = x * 0.5f;
        float y = Float.intBitsToFloat(0x5f3759df - (Float.floatToRawIntBits(x) >> 1));
        for (int step = 0; step < 4; step++) {
            y = y * (1.5f - (half * y) * y);
        }
        return y;
    }

    /** 1 / x for x in [2^-60, 2^100], by four Newton steps. */
    public static float recip(float x) {
        float y = Float.intBitsToFloat(0x7EF311C7 - Float.floatToRawIntBits(x));
        for (int step = 0; step < 4; step++) {
            y = y * (2f - x * y);
        }
        return y;
    }

    /** The nearest integer, ties to even, for |x| < 2^22; written as additions because that is how a kernel does it. */
    public static float rint(float x) {
        return (x + 0x1.8p23f) - 0x1.8p23f;
    }

    /** +0 if |x| < 2^-100, else x. */
    public static float flush(float x) {
        return Math.abs(x) < TINY ? 0f : x;
    }

    /**
     * Rounds to IEEE binary16, to nearest even, keeping subnormal halves. Differs from {@link Float#floatToFloat16} in
     * three ways: magnitudes above 65504 saturate there, whatever rounds to zero is +0, and every NaN becomes 0x7e00.
     */
    public static short toHalf(float x) {
        int bits = Float.floatToRawIntBits(x);
        int sign = (bits >>> 16) & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) {
            return HALF_NAN;
        }
        if (magnitude >= 0x477fe000) { // 65504
            return (short) (sign | 0x7bff);
        }
        if (magnitude >= 0x38800000) { // 2^-14: a normal half
            int tieToEven = (magnitude >>> 13) & 1;
            return (short) (sign | ((magnitude + 0xfff + tieToEven - 0x38000000) >>> 13));
        }
        if (magnitude <= 0x33000000) { // 2^-25: half of the smallest subnormal half, and a tie goes to even
            return 0;
        }
        int significand = (magnitude & 0x7fffff) | 0x800000;
        int shift = 126 - (magnitude >>> 23);
        int tieToEven = (significand >>> shift) & 1;
        return (short) (sign | ((significand + (1 << (shift - 1)) - 1 + tieToEven) >>> shift));
    }

    /** The value of a binary16, exactly. */
    public static float fromHalf(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >>> 10) & 0x1f;
        int mantissa = half & 0x3ff;
        if (exponent == 0) {
            return Float.intBitsToFloat(Float.floatToRawIntBits(mantissa * 0x1p-24f) | sign);
        }
        if (exponent == 31) {
            return Float.intBitsToFloat(sign | 0x7f800000 | (mantissa << 13));
        }
        return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (mantissa << 13));
    }

    /** True if the half is infinite or not a number, which no boundary and no weight may be. */
    public static boolean isHalfNotFinite(short half) {
        return (half & 0x7c00) == 0x7c00;
    }

    /** Sum of {@code v[from .. from + n)} in 32 strided lanes and a tree. */
    public static float sum32(float[] v, int from, int n) {
        float[] lane = new float[32];
        for (int i = 0; i < n; i++) {
            lane[i % 32] += v[from + i];
        }
        return tree(lane);
    }

    /** Sum of {@code v[from .. from + n)} in 4 strided lanes and a tree. */
    public static float sum4(float[] v, int from, int n) {
        float[] lane = new float[4];
        for (int i = 0; i < n; i++) {
            lane[i % 4] += v[from + i];
        }
        return tree(lane);
    }

    /** Adds the upper half of the lanes to the lower half until one is left. Overwrites {@code lane}. */
    private static float tree(float[] lane) {
        for (int h = lane.length / 2; h > 0; h /= 2) {
            for (int t = 0; t < h; t++) {
                lane[t] += lane[t + h];
            }
        }
        return lane[0];
    }
}
