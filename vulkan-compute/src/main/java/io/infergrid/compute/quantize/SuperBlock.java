package io.infergrid.compute.quantize;

import java.nio.ByteBuffer;

/**
 * 256 weights as K-quants and IQ4_XS keep them: parts of 16 or 32 weights have a small integer factor each, and
 * one or two binary16 numbers scale them all. After each part was fitted alone, factors and the common
 * scales are fitted to what the others became: a part takes the factors, among the neighbours, with which its
 * rounded weights are nearest, and the common scales solve the least-squares problem over all 256.
 *
 * <p>Layouts are ggml's; {@link io.infergrid.compute.gguf.WeightBlock} reads them.
 */
final class SuperBlock {

    static final int SIZE = 256;

    /** Parts take turns with the common scales this often. */
    private static final int ROUNDS = 2;

    private final ScaleFit fit = new ScaleFit();
    private final int[] q = new int[SIZE];
    private final int[] trial = new int[32];
    private final float[] scales = new float[16];
    private final float[] minima = new float[16];
    private final int[] factors = new int[16];
    private final int[] minimumFactors = new int[16];
    private float scale;
    private float minimum;

    void q2(float[] x, int from, ByteBuffer out) {
        fitWithMinima(x, from, 16, 3, 15, 8, 0.18f);
        for (int j = 0; j < 16; j++) {
            out.put((byte) (factors[j] | minimumFactors[j] << 4));
        }
        putPairs(out);
        putHalf(out, scale);
        putHalf(out, minimum);
    }

    void q3(float[] x, int from, ByteBuffer out) {
        fitSigned(x, from, 16, -4, 3, -32, 31, 5, 0.18f);
        for (int i = 0; i < 32; i++) {
            int bits = 0;
            for (int part = 0; part < 8; part++) {
                bits |= (q[32 * part + i] >= 0 ? 1 : 0) << part;
            }
            out.put((byte) bits);
        }
        for (int i = 0; i < SIZE; i++) {
            q[i] &= 3; // the third bit is the one above
        }
        putPairs(out);
        for (int i = 0; i < 8; i++) {
            out.put((byte) (factors[i] + 32 & 15 | (factors[i + 8] + 32 & 15) << 4));
        }
        for (int i = 0; i < 4; i++) {
            int bits = 0;
            for (int k = 0; k < 4; k++) {
                bits |= factors[i + 4 * k] + 32 >> 4 << 2 * k;
            }
            out.put((byte) bits);
        }
        putHalf(out, scale);
    }

    void q4(float[] x, int from, ByteBuffer out) {
        fitWithMinima(x, from, 32, 15, 63, 5, 0.25f);
        putScalesOfEight(out);
        putNibbles(out);
    }

    void q5(float[] x, int from, ByteBuffer out) {
        fitWithMinima(x, from, 32, 31, 63, 4, 0.3f);
        putScalesOfEight(out);
        for (int i = 0; i < 32; i++) {
            int bits = 0;
            for (int part = 0; part < 8; part++) {
                bits |= q[32 * part + i] >> 4 << part;
            }
            out.put((byte) bits);
        }
        putNibbles(out);
    }

    void q6(float[] x, int from, ByteBuffer out) {
        fitSigned(x, from, 16, -32, 31, -128, 127, 4, 0.2f);
        for (int i = 0; i < SIZE; i++) {
            q[i] += 32;
        }
        for (int half = 0; half < SIZE; half += 128) {
            for (int i = 0; i < 64; i++) {
                out.put((byte) (q[half + i] & 15 | (q[half + 64 + i] & 15) << 4));
            }
        }
        for (int half = 0; half < SIZE; half += 128) {
            for (int i = 0; i < 32; i++) {
                int bits = 0;
                for (int k = 0; k < 4; k++) {
                    bits |= q[half + 32 * k + i] >> 4 << 2 * k;
                }
                out.put((byte) bits);
            }
        }
        for (int j = 0; j < 16; j++) {
            out.put((byte) factors[j]);
        }
        putHalf(out, scale);
    }

    void iq4(float[] x, int from, ByteBuffer out) {
        fitNonLinear(x, from);
        putHalf(out, scale);
        int high = 0;
        for (int j = 0; j < 8; j++) {
            high |= factors[j] + 32 >> 4 << 2 * j;
        }
        out.putShort((short) high);
        for (int j = 0; j < 8; j += 2) {
            out.put((byte) (factors[j] + 32 & 15 | (factors[j + 1] + 32 & 15) << 4));
        }
        for (int part = 0; part < SIZE; part += 32) {
            for (int i = 0; i < 16; i++) {
                out.put((byte) (q[part + i] | q[part + 16 + i] << 4));
            }
        }
    }

    // x ~ (scale * factor) * q - minimum * minimumFactor
    private void fitWithMinima(float[] x, int from, int size, int most, int mostFactor, int candidates, float step) {
        int parts = SIZE / size;
        float greatestScale = 0;
        float greatestMinimum = 0;
        for (int j = 0; j < parts; j++) {
            fit.withOffset(x, from + j * size, size, most, true, candidates, step);
            scales[j] = fit.scale();
            minima[j] = -fit.offset();
            greatestScale = Math.max(greatestScale, scales[j]);
            greatestMinimum = Math.max(greatestMinimum, minima[j]);
        }
        scale = half(greatestScale / mostFactor);
        minimum = half(greatestMinimum / mostFactor);
        for (int round = 0; round < ROUNDS; round++) {
            for (int j = 0; j < parts; j++) {
                choosePart(x, from + j * size, j, size, most, mostFactor);
            }
            if (round < ROUNDS - 1) {
                solveWithMinima(x, from, size);
            }
        }
    }

    /** Tries the factors next to those of the part's own fit. */
    private void choosePart(float[] x, int from, int j, int size, int most, int mostFactor) {
        int nearFactor = ScaleFit.round(scales[j] * ScaleFit.inverse(scale), 0, mostFactor);
        int nearMinimum = ScaleFit.round(minima[j] * ScaleFit.inverse(minimum), 0, mostFactor);
        float smallest = Float.POSITIVE_INFINITY;
        for (int f = Math.max(0, nearFactor - 1); f <= Math.min(mostFactor, nearFactor + 1); f++) {
            for (int m = Math.max(0, nearMinimum - 1); m <= Math.min(mostFactor, nearMinimum + 1); m++) {
                float d = scale * f;
                float low = minimum * m;
                float inverse = ScaleFit.inverse(d);
                float error = 0;
                for (int i = 0; i < size; i++) {
                    float above = x[from + i] + low;
                    int integer = ScaleFit.round(above * inverse, 0, most);
                    trial[i] = integer;
                    float off = above - d * integer;
                    error += off * off;
                }
                if (error < smallest) {
                    smallest = error;
                    factors[j] = f;
                    minimumFactors[j] = m;
                    System.arraycopy(trial, 0, q, j * size, size);
                }
            }
        }
    }

    /** The best common scales for the integers as they are: two unknowns, least squares. */
    private void solveWithMinima(float[] x, int from, int size) {
        double aa = 0;
        double bb = 0;
        double ab = 0;
        double xa = 0;
        double xb = 0;
        for (int i = 0; i < SIZE; i++) {
            double a = factors[i / size] * q[i];
            double b = -minimumFactors[i / size];
            aa += a * a;
            bb += b * b;
            ab += a * b;
            xa += x[from + i] * a;
            xb += x[from + i] * b;
        }
        double determinant = aa * bb - ab * ab;
        double newScale = bb == 0 ? xa / aa : (xa * bb - xb * ab) / determinant;
        double newMinimum = bb == 0 ? 0 : (xb * aa - xa * ab) / determinant;
        if (Double.isFinite(newScale) && Double.isFinite(newMinimum) && newScale > 0 && newMinimum >= 0) {
            scale = half((float) newScale);
            minimum = half((float) newMinimum);
        }
    }

    // x ~ (scale * factor) * q
    private void fitSigned(
            float[] x,
            int from,
            int size,
            int least,
            int most,
            int leastFactor,
            int mostFactor,
            int candidates,
            float step) {
        int parts = SIZE / size;
        for (int j = 0; j < parts; j++) {
            fit.signed(x, from + j * size, size, least, most, candidates, step);
            scales[j] = fit.scale();
        }
        scale = half(greatest(parts) / leastFactor);
        for (int round = 0; round < ROUNDS; round++) {
            for (int j = 0; j < parts; j++) {
                int near = ScaleFit.round(scales[j] * ScaleFit.inverse(scale), leastFactor, mostFactor);
                float smallest = Float.POSITIVE_INFINITY;
                for (int f = Math.max(leastFactor, near - 1); f <= Math.min(mostFactor, near + 1); f++) {
                    float d = scale * f;
                    float inverse = ScaleFit.inverse(d);
                    float error = 0;
                    for (int i = 0; i < size; i++) {
                        float value = x[from + j * size + i];
                        int integer = ScaleFit.round(value * inverse, least, most);
                        trial[i] = integer;
                        float off = value - d * integer;
                        error += off * off;
                    }
                    if (error < smallest) {
                        smallest = error;
                        factors[j] = f;
                        System.arraycopy(trial, 0, q, j * size, size);
                    }
                }
            }
            if (round < ROUNDS - 1) {
                double xq = 0;
                double qq = 0;
                for (int i = 0; i < SIZE; i++) {
                    double integer = factors[i / size] * q[i];
                    xq += x[from + i] * integer;
                    qq += integer * integer;
                }
                scale = qq == 0 ? scale : half((float) (xq / qq));
            }
        }
    }

    private void fitNonLinear(float[] x, int from) {
        for (int j = 0; j < 8; j++) {
            fit.nonLinear(x, from + 32 * j, 32, 5, 5f);
            scales[j] = fit.scale();
        }
        scale = half(greatest(8) / -32);
        for (int round = 0; round < ROUNDS; round++) {
            for (int j = 0; j < 8; j++) {
                int near = ScaleFit.round(scales[j] * ScaleFit.inverse(scale), -32, 31);
                float smallest = Float.POSITIVE_INFINITY;
                for (int f = Math.max(-32, near - 1); f <= Math.min(31, near + 1); f++) {
                    float d = scale * f;
                    float inverse = ScaleFit.inverse(d);
                    float error = 0;
                    for (int i = 0; i < 32; i++) {
                        float value = x[from + 32 * j + i];
                        trial[i] = NonLinear.nearest(value * inverse);
                        float off = value - d * NonLinear.value(trial[i]);
                        error += off * off;
                    }
                    if (error < smallest) {
                        smallest = error;
                        factors[j] = f;
                        System.arraycopy(trial, 0, q, 32 * j, 32);
                    }
                }
            }
            if (round < ROUNDS - 1) {
                double xq = 0;
                double qq = 0;
                for (int i = 0; i < SIZE; i++) {
                    double value = factors[i / 32] * NonLinear.value(q[i]);
                    xq += x[from + i] * value;
                    qq += value * value;
                }
                scale = qq == 0 ? scale : half((float) (xq / qq));
            }
        }
    }

    private float greatest(int parts) {
        float greatest = 0;
        for (int j = 0; j < parts; j++) {
            greatest = Math.abs(scales[j]) > Math.abs(greatest) ? scales[j] : greatest;
        }
        return greatest;
    }

    // eight factors and eight minima of six bits: the first four whole in four bytes each, the others' low bits in the
    // halves of four bytes and their two upper bits above the first four
    private void putScalesOfEight(ByteBuffer out) {
        putHalf(out, scale);
        putHalf(out, minimum);
        for (int j = 0; j < 4; j++) {
            out.put((byte) (factors[j] | factors[j + 4] >> 4 << 6));
        }
        for (int j = 0; j < 4; j++) {
            out.put((byte) (minimumFactors[j] | minimumFactors[j + 4] >> 4 << 6));
        }
        for (int j = 4; j < 8; j++) {
            out.put((byte) (factors[j] & 15 | (minimumFactors[j] & 15) << 4));
        }
    }

    private void putNibbles(ByteBuffer out) {
        for (int part = 0; part < SIZE; part += 64) {
            for (int i = 0; i < 32; i++) {
                out.put((byte) (q[part + i] & 15 | (q[part + 32 + i] & 15) << 4));
            }
        }
    }

    private void putPairs(ByteBuffer out) {
        for (int part = 0; part < SIZE; part += 128) {
            for (int i = 0; i < 32; i++) {
                int bits = 0;
                for (int k = 0; k < 4; k++) {
                    bits |= q[part + 32 * k + i] << 2 * k;
                }
                out.put((byte) bits);
            }
        }
    }

    private static float half(float x) {
        return RowEncoder.half(x);
    }

    private static void putHalf(ByteBuffer out, float x) {
        out.putShort(Float.floatToFloat16(x));
    }
}
