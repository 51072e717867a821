package io.infergrid.compute.cpu;

/** Memory of one worker that kernels write intermediate values to; small enough to stay in the first two caches. */
final class Scratch {

    /** Sums of one group of rows: [32 lanes][rows of the group]. */
    final float[] lanes = new float[32 * Lanes.GROUP];

    /** One block of weights as floats: [32 columns][rows of the group]. */
    final float[] weights = new float[32 * Lanes.GROUP];

    /** Its scales: [rows of the group]. */
    final float[] scales = new float[Lanes.GROUP];

    /** A block's dot products: [positions of a tile][rows of the group]. */
    final float[] dots = new float[Activations.TILE * Lanes.GROUP];

    /** A stack of partial sums while lanes are added up as a tree: [6 levels][positions][rows of the group]. */
    final float[] tree = new float[6 * Activations.MOST_POSITIONS * Lanes.GROUP];
}
