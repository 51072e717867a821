package io.infergrid.compute.vulkan;

/** How the exact dot products of many tokens are made: see matmul_tiles.comp. Bits do not depend on it. */
public enum MatrixTiles {
    /** One by one, like those of a single token. */
    NONE("", 0),
    /** In tiles of 16 x 16, in plain GLSL: slow, for tests of all that is not the product itself. */
    EMULATED_16("_emulated", 16),
    EMULATED_32("_emulated", 32),
    /** In tiles of 16 x 16 by the device's matrix units (VK_KHR_cooperative_matrix), 16 columns at a time. */
    COOPERATIVE_16("_cooperative", 16),
    /** The same, 32 columns at a time. */
    COOPERATIVE_32("_cooperative", 32);

    private final String suffix;
    private final int depth;

    MatrixTiles(String suffix, int depth) {
        this.suffix = suffix;
        this.depth = depth;
    }

    /** Of the kernel's name. */
    String suffix() {
        return suffix;
    }

    /** Columns of a product of tiles. */
    int depth() {
        return depth;
    }

    public boolean cooperative() {
        return this == COOPERATIVE_16 || this == COOPERATIVE_32;
    }
}
