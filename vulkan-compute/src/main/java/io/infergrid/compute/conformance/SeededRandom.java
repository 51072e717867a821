package io.infergrid.compute.conformance;

/** SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed in every version of Java. */
public final class SeededRandom {

    private long state;

    public SeededRandom(long seed) {
        state = seed;
    }

    public long nextLong() {
        state += 0x9e3779b97f4a7c15L;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** In [0, bound), with a bias of less than bound / 2^31. */
    public int nextInt(int bound) {
        return (int) ((nextLong() >>> 33) % bound);
    }

    /** A multiple of 2^-23 in [-1, 1). */
    public float nextFloat() {
        return (int) (nextLong() >> 40) * 0x1p-23f;
    }
}
