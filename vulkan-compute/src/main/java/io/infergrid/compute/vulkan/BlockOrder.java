package io.infergrid.compute.vulkan;

/**
 * The order in which matrix kernels visit the blocks of a row, and in which both factors lie in memory: the lanes of sum32
 * bit-reversed, so that its tree joins neighbours, and the runs of a lane one after the other. A row of few blocks has
 * fewer lanes, which is the same sum: the missing ones are zero. Slots without a block are zero on both sides.
 *
 * @param laneBits log2 of the lanes, 2 to 5
 * @param runs blocks of a lane
 */
record BlockOrder(int laneBits, int runs) {

    static BlockOrder of(long columns) {
        long blocks = (columns + 31) / 32;
        int laneBits = 2;
        while (laneBits < 5 && 1L << laneBits < blocks) {
            laneBits++;
        }
        int lanes = 1 << laneBits;
        return new BlockOrder(laneBits, Math.toIntExact((blocks + lanes - 1) / lanes));
    }

    int lanes() {
        return 1 << laneBits;
    }

    int slots() {
        return runs << laneBits;
    }

    int slotOf(int block) {
        int lane = block & (lanes() - 1);
        return (Integer.reverse(lane) >>> (32 - laneBits)) * runs + (block >>> laneBits);
    }
}
