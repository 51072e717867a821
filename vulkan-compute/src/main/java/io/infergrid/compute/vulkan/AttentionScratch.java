package io.infergrid.compute.vulkan;

/**
 * What attention keeps between its kernels, for a step of some tokens.
 *
 * @param maxPositions a multiple of 32
 * @param scores [token][head][maxPositions]
 * @param maximum [token][head]
 * @param numerators [token][head][maxPositions / 32][headDimension]
 * @param denominators [token][head][maxPositions / 32]
 */
record AttentionScratch(
        int maxPositions, DeviceBuffer scores, DeviceBuffer maximum, DeviceBuffer numerators, DeviceBuffer denominators)
        implements AutoCloseable {

    static AttentionScratch of(VulkanDevice device, int maxPositions, int heads, int headDimension, int tokens) {
        int padded = (maxPositions + 31) / 32 * 32;
        long rows = (long) tokens * heads;
        return new AttentionScratch(
                padded,
                device.zeroed(4 * rows * padded),
                device.zeroed(4 * rows),
                device.zeroed(4 * rows * (padded / 32) * headDimension),
                device.zeroed(4 * rows * (padded / 32)));
    }

    /** Bytes that a token needs. */
    static long bytesPerToken(int maxPositions, int heads, int headDimension) {
        return 4L * heads * (maxPositions + 32L) * (1 + (headDimension + 31) / 32);
    }

    @Override
    public void close() {
        scores.close();
        maximum.close();
        numerators.close();
        denominators.close();
    }
}
