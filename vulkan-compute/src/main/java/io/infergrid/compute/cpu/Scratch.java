package io.infergrid.compute.cpu;

/** Memory of one worker that kernels write intermediate values to; small enough to stay in the first two caches. */
final class Scratch {

    /** Sums of one group of rows: [32 lanes][rows of the group]. */
    final float[] lanes = new float[32 * Lanes.GROUP];

    /** One block of weights as floats: [32 columns][rows of the group]. */
    final float[] weights = new float[32 * Lanes.GROUP];

    /** One block of weights as 16-bit integers, or a block's two parts: [2][pairs of columns][even, odd of the group's rows]. */
    final short[] pairs = new short[2 * PairLayout.PAIRS * PairKernels.WIDTH];

    /** Sums of products, of a block or its two parts: [2][positions of a tile][even, odd of the group's rows]. */
    final short[] pairDots = new short[2 * Activations.TILE * PairKernels.WIDTH];

    /** Scales and offsets of a superblock of a strip: [2][rows of the strip]. */
    final float[] supers = new float[2 * Lanes.COUNT];

    /** Scales and offsets of an unpacked block: [rows of the group] each. */
    final float[] scales = new float[Lanes.GROUP];

    final float[] offsets = new float[Lanes.GROUP];

    /** Factors of its dot products' halves, then of the sums' of activations: [4][rows of the group]. */
    final float[] factors = new float[4 * Lanes.GROUP];

    /** A block's dot products: [positions of a tile][rows of the group]. */
    final float[] dots = new float[Activations.TILE * Lanes.GROUP];

    /** A stack of partial sums while lanes are added up as a tree: [6 levels][positions][rows of the group]. */
    final float[] tree = new float[6 * Activations.MOST_POSITIONS * Lanes.GROUP];
}
