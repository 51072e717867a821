package io.infergrid.compute.vulkan;

import static org.lwjgl.vulkan.VK12.*;

/** The keys and values of one block of one session: [position][kvHeads * headDimension]. */
record KeyValueCache(DeviceBuffer keys, DeviceBuffer values) implements AutoCloseable {

    static KeyValueCache of(VulkanDevice device, int maxPositions, int columns, boolean wide) {
        long bytes = (wide ? 4L : 2L) * maxPositions * columns;
        int format = wide ? VK_FORMAT_R32G32B32A32_UINT : VK_FORMAT_R32G32_UINT;
        return new KeyValueCache(device.zeroedTexels(bytes, format), device.zeroedTexels(bytes, format));
    }

    @Override
    public void close() {
        keys.close();
        values.close();
    }
}
