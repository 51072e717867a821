package io.infergrid.compute.vulkan;

import java.util.List;

/** A device buffer triple that holds activations in the forms that a matrix takes; see activation.glsl. */
final class Activation implements AutoCloseable {

    static final int QUANTISED = 1;
    static final int PLAIN = 2;

    private final long columns;
    private final BlockOrder order;
    private final int forms;
    private final DeviceBuffer quantised;
    private final DeviceBuffer scales;
    private final DeviceBuffer plain;

    /** @param forms that consumers need: {@link #QUANTISED}, {@link #PLAIN} or both */
    Activation(VulkanDevice device, long columns, int tokens, int forms) {
        this.columns = columns;
        this.forms = forms;
        order = BlockOrder.of(columns);
        boolean q = (forms & QUANTISED) != 0;
        boolean p = (forms & PLAIN) != 0;
        // zeroed: slots and columns that pad a row are never written
        quantised = device.zeroed(q ? 32L * tokens * order.slots() : 0);
        scales = device.zeroed(q ? 8L * tokens * order.slots() : 0);
        plain = device.zeroed(p ? 4L * tokens * paddedColumns() : 0);
    }

    private long paddedColumns() {
        return (columns + 31) / 32 * 32;
    }

    /** Blocks of 32 columns, the last one perhaps not full. */
    int blocks() {
        return Math.toIntExact((columns + 31) / 32);
    }

    /** The push words of {@code struct Shape}. */
    int[] shape() {
        return new int[] {Math.toIntExact(columns), order.laneBits(), order.runs(), forms};
    }

    List<DeviceBuffer> buffers() {
        return List.of(quantised, scales, plain);
    }

    DeviceBuffer quantised() {
        return quantised;
    }

    DeviceBuffer scales() {
        return scales;
    }

    DeviceBuffer plain() {
        return plain;
    }

    @Override
    public void close() {
        buffers().forEach(DeviceBuffer::close);
    }
}
