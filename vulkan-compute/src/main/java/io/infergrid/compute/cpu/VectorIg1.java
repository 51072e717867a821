package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.FLOATS;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.arithmetic.Layers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/** The functions of {@link Ig1} over whole vectors and ranges of arrays; a range's tail falls back to the scalar text. */
final class VectorIg1 {

    private static final VectorSpecies<Integer> INTS = Lanes.INTS;
    private static final float ROUND = 0x1.8p23f;

    private VectorIg1() {}

    static FloatVector exp(FloatVector x) {
        FloatVector clamped = x.min(60f);
        FloatVector k = clamped.mul(1.44269504f).add(ROUND).sub(ROUND);
        FloatVector f = clamped.sub(k.mul(0.693359375f));
        f = f.sub(k.mul(-2.12194440e-4f));
        FloatVector p = f.mul(1.9875691500e-4f).add(1.3981999507e-3f);
        p = p.mul(f).add(8.3334519073e-3f);
        p = p.mul(f).add(4.1665795894e-2f);
        p = p.mul(f).add(1.6666665459e-1f);
        p = p.mul(f).add(5.0000001201e-1f);
        FloatVector y = p.mul(f.mul(f)).add(f).add(1f);
        var exponent = (IntVector) k.convertShape(F2I, INTS, 0);
        FloatVector scaled =
                y.reinterpretAsInts().add(exponent.lanewise(LSHL, 23)).reinterpretAsFloats();
        return scaled.blend(0f, x.compare(LT, -60f));
    }

    static FloatVector recip(FloatVector x) {
        FloatVector y =
                IntVector.broadcast(INTS, 0x7EF311C7).sub(x.reinterpretAsInts()).reinterpretAsFloats();
        FloatVector two = FloatVector.broadcast(FLOATS, 2f);
        y = y.mul(two.sub(x.mul(y)));
        y = y.mul(two.sub(x.mul(y)));
        y = y.mul(two.sub(x.mul(y)));
        return y.mul(two.sub(x.mul(y)));
    }

    static FloatVector flush(FloatVector x) {
        return x.blend(0f, x.abs().compare(LT, Ig1.TINY));
    }

    /** The halves as ints in [0, 0xffff]. */
    static IntVector toHalf(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        IntVector magnitude = bits.and(0x7fffffff);
        IntVector tieToEven = magnitude.lanewise(LSHR, 13).and(1);
        IntVector normal = magnitude.add(0xfff - 0x38000000).add(tieToEven).lanewise(LSHR, 13);
        // 0.5 has an ulp of 2^-24, the smallest subnormal half: the addition rounds to a multiple of it
        IntVector subnormal =
                magnitude.reinterpretAsFloats().add(0.5f).reinterpretAsInts().sub(0x3f000000);
        IntVector half = normal.blend(subnormal, magnitude.compare(LT, 0x38800000))
                .blend(0x7bff, magnitude.compare(GE, 0x477fe000));
        IntVector signed = half.or(bits.lanewise(LSHR, 16).and(0x8000));
        return signed.blend(0, half.compare(EQ, 0)).blend(0x7e00, magnitude.compare(GT, 0x7f800000));
    }

    /** {@code x[i] = the half that x[i] rounds to}, the boundary between blocks. */
    static void roundToHalf(float[] x, int from, int n) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            var halves = (ShortVector) toHalf(Lanes.load(x, from + i)).convertShape(I2S, Lanes.SHORTS, 0);
            // a NaN must stay one, and fromHalf is for finite halves
            FloatVector value = Lanes.fromHalf(halves);
            FloatVector before = Lanes.load(x, from + i);
            value.blend(Float.NaN, before.compare(EQ, before).not()).intoArray(x, from + i);
        }
        for (; i < n; i++) {
            x[from + i] = Ig1.fromHalf(Ig1.toHalf(x[from + i]));
        }
    }

    /** Halves of {@code x[from .. from + n)}. */
    static void toHalf(float[] x, int from, int n, short[] out, int outFrom) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            var halves = (ShortVector) toHalf(Lanes.load(x, from + i)).convertShape(I2S, Lanes.SHORTS, 0);
            halves.intoArray(out, outFrom + i);
        }
        for (; i < n; i++) {
            out[outFrom + i] = Ig1.toHalf(x[from + i]);
        }
    }

    /**
     * {@code gate[i] = silu(gate[i]) * up[i]}. Three methods with a loop each: the compiler inlines so many Vector API calls in
     * one method and no more, and one that it does not inline allocates.
     *
     * @param denominators room for n floats
     */
    static void swiglu(float[] gate, float[] up, int from, int n, float[] denominators) {
        int whole = n / COUNT * COUNT;
        onePlusExpOfMinus(gate, from, whole, denominators);
        invert(denominators, whole);
        multiplyAndFlush(gate, up, from, whole, denominators);
        for (int i = whole; i < n; i++) {
            gate[from + i] = Layers.swiglu(gate[from + i], up[from + i]);
        }
    }

    private static void onePlusExpOfMinus(float[] x, int from, int whole, float[] out) {
        for (int i = 0; i < whole; i += COUNT) {
            exp(Lanes.load(x, from + i).max(-60f).min(60f).neg()).add(1f).intoArray(out, i);
        }
    }

    private static void invert(float[] x, int whole) {
        for (int i = 0; i < whole; i += COUNT) {
            recip(Lanes.load(x, i)).intoArray(x, i);
        }
    }

    private static void multiplyAndFlush(float[] gate, float[] up, int from, int whole, float[] inverse) {
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector silu = flush(Lanes.load(gate, from + i).mul(Lanes.load(inverse, i)));
            flush(silu.mul(Lanes.load(up, from + i))).intoArray(gate, from + i);
        }
    }

    /** {@code x[i] = exp(x[i] - max)}. */
    static void expOfDifference(float[] x, int from, int n, float max) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            exp(Lanes.load(x, from + i).sub(max)).intoArray(x, from + i);
        }
        for (; i < n; i++) {
            x[from + i] = Ig1.exp(x[from + i] - max);
        }
    }

    /** {@code x[i] = x[i] + y[i]}. */
    static void add(float[] x, int from, float[] y, int yFrom, int n) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            Lanes.load(x, from + i).add(Lanes.load(y, yFrom + i)).intoArray(x, from + i);
        }
        for (; i < n; i++) {
            x[from + i] = x[from + i] + y[yFrom + i];
        }
    }

    /** The largest of n &gt; 0 elements. */
    static float max(float[] x, int from, int n) {
        float max = Float.NEGATIVE_INFINITY;
        int i = 0;
        if (n >= COUNT) {
            FloatVector most = Lanes.load(x, from);
            for (i = COUNT; i <= n - COUNT; i += COUNT) {
                most = most.max(Lanes.load(x, from + i));
            }
            max = most.reduceLanes(MAX);
        }
        for (; i < n; i++) {
            max = Math.max(max, x[from + i]);
        }
        return max;
    }

    /** RMS norm of one position or one head; {@code lanes} is room for 32 floats, {@code y} may be {@code x}. */
    static void rmsNorm(float[] x, int from, float[] weight, float epsilon, float[] y, int yFrom, float[] lanes) {
        int n = weight.length;
        float mean = sumOfSquares(x, from, n, lanes) * (float) (1.0 / n);
        float r = Ig1.rsqrt(mean + epsilon);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector normed = flush(Lanes.load(x, from + i).mul(r));
            flush(normed.mul(Lanes.load(weight, i))).intoArray(y, yFrom + i);
        }
        for (; i < n; i++) {
            y[yFrom + i] = Ig1.flush(Ig1.flush(x[from + i] * r) * weight[i]);
        }
    }

    private static float sumOfSquares(float[] x, int from, int n, float[] lanes) {
        int whole = n & -32;
        for (int lane = 0; lane < 32; lane += COUNT) {
            FloatVector sum = Lanes.zero();
            for (int i = lane; i < whole; i += 32) {
                FloatVector v = Lanes.load(x, from + i);
                sum = sum.add(v.mul(v));
            }
            sum.intoArray(lanes, lane);
        }
        for (int i = whole; i < n; i++) {
            lanes[i - whole] += x[from + i] * x[from + i];
        }
        for (int h = 16; h > 0; h /= 2) {
            for (int t = 0; t < h; t++) {
                lanes[t] += lanes[t + h];
            }
        }
        return lanes[0];
    }
}
