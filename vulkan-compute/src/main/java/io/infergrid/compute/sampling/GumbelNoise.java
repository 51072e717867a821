package io.infergrid.compute.sampling;

/**
 * Standard Gumbel noise for every (seed, position, token), each computable by itself. The largest of {@code logit + noise}
 * falls on a token with its softmax probability (Gumbel-max trick).
 *
 * <p>The bits are Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with the seed as key,
 * low word first, and the counter {@code (token / 2, position, 0, 0)}; an even token takes the first two words of the
 * result, an odd one the last two.
 */
public final class GumbelNoise {

    private static final int MULTIPLIER_0 = 0xD2511F53;
    private static final int MULTIPLIER_1 = 0xCD9E8D57;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;

    private GumbelNoise() {}

    /** The noise of a token at a position: about -3.6 to 37.4. */
    public static double of(long seed, int position, int token) {
        return gumbel(uniform(seed, position, token));
    }

    /** A number in (0, 1): an odd multiple of 2^-54. */
    static double uniform(long seed, int position, int token) {
        long[] words = philox(token >>> 1, position, 0, 0, (int) seed, (int) (seed >>> 32));
        long bits = (token & 1) == 0 ? words[0] : words[1];
        return ((bits >>> 11) + 0.5) * 0x1p-53;
    }

    /** Noise from the distance of a uniform number to 1, so that large noise has full precision. */
    static double gumbel(double v) {
        return -StrictMath.log(-StrictMath.log1p(-v));
    }

    /** No less than {@code gumbel(v)}, at the cost of no logarithm: -log(1-v) >= v and v >= 2^exponent. */
    static double bound(double v) {
        return -Math.getExponent(v) * 0.693147180559946;
    }

    /** Words 0 and 1 of the result in the first element (word 0 in its low half), words 2 and 3 in the second. */
    static long[] philox(int c0, int c1, int c2, int c3, int k0, int k1) {
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = (MULTIPLIER_0 & 0xFFFF_FFFFL) * (c0 & 0xFFFF_FFFFL);
            long product1 = (MULTIPLIER_1 & 0xFFFF_FFFFL) * (c2 & 0xFFFF_FFFFL);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return new long[] {(c0 & 0xFFFF_FFFFL) | ((long) c1 << 32), (c2 & 0xFFFF_FFFFL) | ((long) c3 << 32)};
    }
}
