package io.infergrid.compute.cpu;

/** Memory of one worker that kernels write intermediate values to; small enough to stay in the first two caches. */
final class Scratch {

    /** Sums of one group of rows: [32 lanes][rows of the group]. */
    final float[] lanes = new float[32 * Lanes.GROUP];

    /** One block of weights as floats: [32 columns][rows of the group]. */
    final float[] weights = new float[32 * Lanes.GROUP];

    /** One block of weights as 16-bit integers, or a block's two parts: [2][pairs of columns][even, odd of the group's rows]. */
    final short[] pairs = new short[2 * PairLayout.PAIRS * PairKernels.WIDTH];

    /** Sums of products, of blocks or their two parts: [2][positions of a tile or blocks of a run][even, odd of the group's rows]. */
    final short[] pairDots = new short[2 * Activations.TILE * PairKernels.WIDTH];

    /** A superblock's scale and offset: [rows of the group] each. */
    final float[] superScales = new float[Lanes.GROUP];

    final float[] superOffsets = new float[Lanes.GROUP];

    /** Where the superblock is that they are of. */
    long superBlock = -1;

    /** Scales of a block or a run of them: [blocks][rows of the group]. */
    final float[] scales = new float[PairKernels.RUN * Lanes.GROUP];

    /** Offsets: [blocks][rows of the group]. */
    final float[] offsets = new float[PairKernels.RUN * Lanes.GROUP];

    /**
     * Factors of the dot products' halves, [blocks][2][rows of the group]; for a single block, those of the sums of activations
     * after them.
     */
    final float[] factors = new float[2 * PairKernels.RUN * Lanes.GROUP];

    /** A block's dot products: [positions of a tile][rows of the group]. */
    final float[] dots = new float[Activations.TILE * Lanes.GROUP];

    /** A stack of partial sums while lanes are added up as a tree: [6 levels][positions][rows of the group]. */
    final float[] tree = new float[6 * Activations.MOST_POSITIONS * Lanes.GROUP];
}
