package io.infergrid.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.arithmetic.Layers;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Vector functions against the scalar text, over values of every magnitude and ranges of every length. */
class VectorIg1Properties {

    @Property(tries = 200)
    void halves(@ForAll long seed, @ForAll @IntRange(min = 1, max = 100) int n) {
        float[] x = anything(seed, n + 3);
        var halves = new short[n + 5];
        VectorIg1.toHalf(x, 3, n, halves, 5);
        float[] rounded = x.clone();
        VectorIg1.roundToHalf(rounded, 3, n);
        for (int i = 0; i < n; i++) {
            assertThat(halves[5 + i]).isEqualTo(Ig1.toHalf(x[3 + i]));
            same(rounded[3 + i], Ig1.fromHalf(Ig1.toHalf(x[3 + i])));
        }
    }

    @Property(tries = 200)
    void exponentials(@ForAll long seed, @ForAll @IntRange(min = 1, max = 100) int n) {
        var random = new Random(seed);
        var x = new float[n + 1];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextInt(10) == 0 ? -1000 * random.nextFloat() : -62 * random.nextFloat();
        }
        float max = VectorIg1.max(x, 1, n);
        float[] found = x.clone();
        VectorIg1.expOfDifference(found, 1, n, max);
        float most = Float.NEGATIVE_INFINITY;
        for (int i = 1; i <= n; i++) {
            most = Math.max(most, x[i]);
        }
        assertThat(max).isEqualTo(most);
        for (int i = 1; i <= n; i++) {
            same(found[i], Ig1.exp(x[i] - most));
        }
    }

    @Property(tries = 200)
    void swiglu(@ForAll long seed, @ForAll @IntRange(min = 1, max = 100) int n) {
        var random = new Random(seed);
        var gate = new float[n];
        var up = new float[n];
        for (int i = 0; i < n; i++) {
            gate[i] = (float) random.nextGaussian() * (float) Math.scalb(1.0, random.nextInt(60) - 50);
            up[i] = (float) random.nextGaussian() * (float) Math.scalb(1.0, random.nextInt(140) - 120);
        }
        float[] found = gate.clone();
        VectorIg1.swiglu(found, up, 0, n, new float[n]);
        for (int i = 0; i < n; i++) {
            same(found[i], Layers.swiglu(gate[i], up[i]));
        }
    }

    @Property(tries = 200)
    void norms(@ForAll long seed, @ForAll @IntRange(min = 1, max = 200) int n) {
        var random = new Random(seed);
        var x = new float[n + 2];
        var weight = new float[n];
        for (int i = 0; i < n; i++) {
            x[i + 2] = (float) random.nextGaussian() * 30;
            weight[i] = (float) random.nextGaussian();
        }
        var found = new float[n];
        VectorIg1.rmsNorm(x, 2, weight, 1e-5f, found, 0, new float[32]);
        float[] expected = Layers.rmsNorm(x, 2, weight, 1e-5f);
        for (int i = 0; i < n; i++) {
            same(found[i], expected[i]);
        }
    }

    private static void same(float found, float expected) {
        if (Float.isNaN(expected)) {
            assertThat(found).isNaN();
        } else {
            assertThat(Float.floatToRawIntBits(found)).isEqualTo(Float.floatToRawIntBits(expected));
        }
    }

    private static float[] anything(long seed, int n) {
        var random = new Random(seed);
        var x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = switch (random.nextInt(4)) {
                case 0 -> Float.intBitsToFloat(random.nextInt());
                case 1 -> Ig1.fromHalf((short) random.nextInt());
                case 2 -> (random.nextInt(1 << 14) - (1 << 13)) * 0x1p-25f;
                default -> (float) random.nextGaussian() * 100;
            };
        }
        return x;
    }
}
