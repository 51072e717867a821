package io.infergrid.compute.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class Ig1Test {

    private interface FloatFunction {
        float apply(float x);
    }

    @Test
    void exp_is_within_a_float_ulp_or_so_of_the_true_value() {
        assertThat(worst(Ig1::exp, Math::exp, -60, 60)).isLessThan(1.3e-7);
        assertThat(Ig1.exp(0f)).isEqualTo(1f);
    }

    @Test
    void exp_flushes_far_below_and_saturates_far_above() {
        assertThat(Ig1.exp(-60.00001f)).isZero();
        assertThat(Ig1.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(Ig1.exp(1e9f)).isEqualTo(Ig1.exp(60f));
    }

    @Test
    void rsqrt_and_recip_converge_over_their_whole_domain() {
        var random = new Random(1);
        for (int i = 0; i < 200_000; i++) {
            float x = (float) Math.scalb(1 + random.nextDouble(), random.nextInt(161) - 60);
            assertThat(Ig1.rsqrt(x) * Math.sqrt(x)).isCloseTo(1, within(2.5e-7));
            assertThat(Ig1.recip(x) * (double) x).isCloseTo(1, within(2.5e-7));
        }
    }

    @Test
    void rint_rounds_ties_to_even() {
        var random = new Random(2);
        for (int i = 0; i < 100_000; i++) {
            float x = (random.nextInt(1 << 16) - (1 << 15)) / 4f;
            assertThat(Ig1.rint(x)).isEqualTo((float) Math.rint(x) + 0f);
        }
    }

    /** Every float would take minutes: all exponents and the mantissas around each point where a half rounds. */
    @Test
    void to_half_rounds_as_the_jdk_does_but_saturates_and_has_one_zero_and_one_nan() {
        for (int exponent = 0; exponent < 256; exponent++) {
            for (int mantissa = 0; mantissa < 1 << 23; mantissa += 0x400) {
                for (int around = -1; around <= 1; around++) {
                    int bits = (exponent << 23 | mantissa) + around;
                    compareToHalf(Float.intBitsToFloat(bits & 0x7fffffff));
                    compareToHalf(Float.intBitsToFloat(bits | 0x80000000));
                }
            }
        }
    }

    private static void compareToHalf(float x) {
        short found = Ig1.toHalf(x);
        short expected = Float.floatToFloat16(x);
        if (Float.isNaN(x)) {
            expected = 0x7e00;
        } else if (Math.abs(x) > Ig1.HALF_MAX) {
            expected = (short) (x > 0 ? 0x7bff : 0xfbff);
        } else if ((expected & 0x7fff) == 0) {
            expected = 0;
        }
        if (found != expected) {
            throw new AssertionError("toHalf(" + Float.toHexString(x) + "): expected " + Integer.toHexString(expected)
                    + ", found " + Integer.toHexString(found));
        }
    }

    @Test
    void from_half_gives_every_half_its_value() {
        for (int half = 0; half < 1 << 16; half++) {
            float found = Ig1.fromHalf((short) half);
            float expected = Float.float16ToFloat((short) half);
            assertThat(Float.floatToIntBits(found)).isEqualTo(Float.floatToIntBits(expected));
            if (Ig1.isHalfNotFinite((short) half)) {
                assertThat(Float.isFinite(expected)).isFalse();
            } else if (half != 0x8000) {
                assertThat(Ig1.toHalf(found)).isEqualTo((short) half);
            }
        }
    }

    @Test
    void flush_makes_positive_zero_of_whatever_is_tiny() {
        assertThat(Float.floatToRawIntBits(Ig1.flush(-0x1p-101f))).isZero();
        assertThat(Float.floatToRawIntBits(Ig1.flush(-0f))).isZero();
        assertThat(Ig1.flush(-0x1p-100f)).isEqualTo(-0x1p-100f);
        assertThat(Ig1.flush(Float.NaN)).isNaN();
    }

    @Test
    void sums_have_the_written_order() {
        // 2^24 swallows a 1 that comes after it, so the value tells the order
        var v = new float[64];
        v[0] = 0x1p24f;
        v[32] = 1f;
        v[33] = 1f;
        assertThat(Ig1.sum32(v, 0, 64)).isEqualTo(0x1p24f);
        v[32] = 0f;
        v[33] = 0f;
        v[16] = 1f;
        v[8] = 1f;
        v[24] = 1f;
        // lane 0 + lane 16 rounds down; lanes 8 and 24 make 2 first
        assertThat(Ig1.sum32(v, 0, 64)).isEqualTo(0x1p24f + 2f);
        assertThat(Ig1.sum4(new float[] {0x1p24f, 1f, 1f, 1f}, 0, 4)).isEqualTo(0x1p24f + 2f);
        assertThat(Float.floatToRawIntBits(Ig1.sum32(new float[] {-0f, -0f}, 0, 2)))
                .isZero();
    }

    @Test
    void swiglu_is_close_to_the_true_value_and_never_subnormal() {
        for (float gate = -90; gate < 90; gate += 0.37f) {
            for (float up : new float[] {1f, -3e-20f, 1e4f}) {
                double expected = gate / (1 + Math.exp(-Math.clamp(gate, -60f, 60f))) * up;
                float found = Layers.swiglu(gate, up);
                if (Math.abs(expected) > 2 * Ig1.TINY) {
                    assertThat(found / expected).isCloseTo(1, within(6e-7));
                }
                assertThat(found == 0f || Math.abs(found) >= Ig1.TINY).isTrue();
            }
        }
    }

    private static double worst(FloatFunction function, DoubleUnaryOperator truth, double from, double to) {
        double worst = 0;
        var random = new Random(0);
        for (int i = 0; i < 500_000; i++) {
            float x = (float) (from + (to - from) * random.nextDouble());
            worst = Math.max(worst, Math.abs(function.apply(x) / truth.applyAsDouble(x) - 1));
        }
        return worst;
    }
}
