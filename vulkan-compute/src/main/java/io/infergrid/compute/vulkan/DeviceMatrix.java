package io.infergrid.compute.vulkan;

import static org.lwjgl.vulkan.VK12.*;

import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.vulkan.BlockLayout.Plane;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A matrix on the device, or several of the same columns stacked on one another (query, key and value; gate and up). Rows
 * are interleaved in groups of 32, so that 32 invocations, each with its own row, read neighbouring memory; the values are
 * those of the file.
 */
final class DeviceMatrix implements AutoCloseable {

    private static final int GROUP = 32;
    private static final long MOST_PART_BYTES = 1L << 30;

    /**
     * Rows that one dispatch computes.
     *
     * @param rows of the part
     * @param groups of 32 rows, the last one padded with zero rows
     * @param groupsEach 1 or 4 groups that one invocation has a row of
     * @param outOffset the part's first row in the stacked matrix
     * @param layout of its blocks, or null for F16 and F32
     * @param planes that the layout has, or the elements alone
     */
    record Part(
            TensorType type,
            int rows,
            int groups,
            int groupsEach,
            int outOffset,
            @Nullable BlockLayout layout,
            Map<BlockLayout.Plane, DeviceBuffer> planes) {

        /** The plane's buffer, or the one of the low bits where the layout has no such plane: a binding must have one. */
        DeviceBuffer plane(BlockLayout.Plane plane) {
            DeviceBuffer buffer = planes.get(plane);
            return buffer != null ? buffer : Objects.requireNonNull(planes.get(BlockLayout.Plane.LOW_BITS));
        }

        long bytes() {
            return planes.values().stream().mapToLong(DeviceBuffer::bytes).sum();
        }

        void close() {
            planes.values().forEach(DeviceBuffer::close);
        }
    }

    private final long columns;
    private final Tuning tuning;
    private final BlockOrder order;
    private final List<Part> parts = new ArrayList<>();
    private int rows;

    private DeviceMatrix(long columns, Tuning tuning) {
        this.columns = columns;
        this.tuning = tuning;
        this.order = BlockOrder.of(columns);
    }

    /**
     * Checks, packs and uploads tensors of the same number of columns, stacked in their order.
     *
     * @throws io.infergrid.compute.gguf.GgufException if a weight is infinite or not a number
     */
    static DeviceMatrix upload(VulkanDevice device, Tuning tuning, List<GgufTensor> stacked) {
        var matrix = new DeviceMatrix(stacked.getFirst().columns(), tuning);
        try {
            var run = new ArrayList<GgufTensor>();
            long runRows = 0;
            for (GgufTensor tensor : stacked) {
                StageTensors.requireFinite(tensor);
                boolean joins = !run.isEmpty() && run.getFirst().type() == tensor.type() && runRows % GROUP == 0;
                if (!run.isEmpty() && !joins) {
                    matrix.uploadRun(device, run, runRows);
                    run.clear();
                    runRows = 0;
                }
                run.add(tensor);
                runRows += tensor.rows();
            }
            matrix.uploadRun(device, run, runRows);
            return matrix;
        } catch (RuntimeException e) {
            matrix.close();
            throw e;
        }
    }

    private void uploadRun(VulkanDevice device, List<GgufTensor> run, long runRows) {
        TensorType type = run.getFirst().type();
        long mostTexels = Math.min(device.facts().maxTexelBufferElements(), MOST_PART_BYTES / 16);
        long mostGroups = Math.max(1, mostTexels / texelsOfGroup(type));
        for (long first = 0; first < runRows; first += mostGroups * GROUP) {
            int partRows = Math.toIntExact(Math.min(mostGroups * GROUP, runRows - first));
            parts.add(uploadPart(device, new Rows(run, first, partRows), type));
            rows += partRows;
        }
    }

    /** Texels of a group of rows in its largest plane; a scale is a texel. */
    private long texelsOfGroup(TensorType type) {
        long bytes = type.quantised()
                ? BlockLayout.of(type).unitBytes(Plane.LOW_BITS, order.slots(), 1)
                : elementBytes(type);
        return Math.max(bytes / 16, type.quantised() ? (long) GROUP * order.slots() : 0);
    }

    /** Bytes that a tensor takes on a device, but for what pads the last of four groups of rows. */
    static long bytes(GgufTensor tensor) {
        var order = BlockOrder.of(tensor.columns());
        long groups = (tensor.rows() + GROUP - 1) / GROUP;
        if (!tensor.type().quantised()) {
            return groups * GROUP * 32 * tensor.type().blockBytes() * ((tensor.columns() + 31) / 32);
        }
        var layout = BlockLayout.of(tensor.type());
        long bytes = 0;
        for (Plane plane : Plane.values()) {
            bytes += groups * layout.unitBytes(plane, order.slots(), 1);
        }
        return bytes;
    }

    private long elementBytes(TensorType type) {
        return (long) GROUP * 32 * type.blockBytes() * ((columns + 31) / 32);
    }

    private Part uploadPart(VulkanDevice device, Rows from, TensorType type) {
        int groups = (from.count() + GROUP - 1) / GROUP;
        // rows of one invocation share its activations, but a small matrix needs every work group
        int groupsEach = groups >= 4 * tuning.rowsPerInvocation() ? tuning.rowsPerInvocation() : 1;
        BlockLayout layout = type.quantised() ? BlockLayout.of(type) : null;
        var part = new Part(type, from.count(), groups, groupsEach, rows, layout, new EnumMap<>(Plane.class));
        try {
            if (layout == null) {
                var elements = upload(device, groups, elementBytes(type), VK_FORMAT_R32G32B32A32_UINT, (to, group) -> {
                    for (int lane = 0; lane < GROUP && group * GROUP + lane < from.count(); lane++) {
                        packElements(to, from.row(group * GROUP + lane), lane);
                    }
                });
                part.planes().put(Plane.LOW_BITS, elements);
                return part;
            }
            int units = (groups + groupsEach - 1) / groupsEach;
            for (Plane plane : Plane.values()) {
                if (layout.has(plane)) {
                    long unitBytes = layout.unitBytes(plane, order.slots(), groupsEach);
                    int format = layout.format(plane, groupsEach);
                    var buffer = upload(device, units, unitBytes, format, (to, unit) -> {
                        int first = unit * GROUP * groupsEach;
                        for (int i = 0; i < GROUP * groupsEach && first + i < from.count(); i++) {
                            layout.pack(plane, to, from.row(first + i), order, groupsEach, i % GROUP, i / GROUP);
                        }
                    });
                    part.planes().put(plane, buffer);
                }
            }
            return part;
        } catch (RuntimeException e) {
            part.close();
            throw e;
        }
    }

    private interface Packing {
        void pack(MemorySegment to, int unit);
    }

    /** A buffer of {@code units} pieces of {@code unitBytes}, which {@code packing} fills. */
    private static DeviceBuffer upload(VulkanDevice device, int units, long unitBytes, int format, Packing packing) {
        var buffer = device.texels(units * unitBytes, DeviceMemory.Place.DEVICE, format);
        try {
            int atOnce = (int) Math.max(1, VulkanDevice.stagingBytes() / unitBytes);
            for (int first = 0; first < units; first += atOnce) {
                int from = first;
                int count = Math.min(atOnce, units - first);
                device.upload(buffer, first * unitBytes, count * unitBytes, to -> {
                    to.fill((byte) 0);
                    for (int i = 0; i < count; i++) {
                        packing.pack(to.asSlice(i * unitBytes, unitBytes), from + i);
                    }
                });
            }
            return buffer;
        } catch (RuntimeException e) {
            buffer.close();
            throw e;
        }
    }

    /** The row's bytes 16 at a time, to [texel][lane]. */
    private static void packElements(MemorySegment to, MemorySegment row, int lane) {
        for (long at = 0; at < row.byteSize(); at += 16) {
            long bytes = Math.min(16, row.byteSize() - at);
            MemorySegment.copy(row, at, to, (at / 16 * GROUP + lane) * 16, bytes);
        }
    }

    /** Consecutive rows of stacked tensors. */
    private record Rows(List<GgufTensor> stacked, long first, int count) {

        MemorySegment row(int index) {
            long row = first + index;
            for (GgufTensor tensor : stacked) {
                if (row < tensor.rows()) {
                    long rowBytes = tensor.type().rowBytes(tensor.columns());
                    return tensor.data().asSlice(row * rowBytes, rowBytes);
                }
                row -= tensor.rows();
            }
            throw new IndexOutOfBoundsException("expected a row of the stacked tensors, found " + (first + index));
        }
    }

    int rows() {
        return rows;
    }

    long columns() {
        return columns;
    }

    BlockOrder order() {
        return order;
    }

    List<Part> parts() {
        return parts;
    }

    /** The forms of activations that the parts take. */
    int forms() {
        int forms = 0;
        for (Part part : parts) {
            forms |= part.layout() == null ? Activation.PLAIN : Activation.QUANTISED;
        }
        return forms;
    }

    long bytes() {
        return parts.stream().mapToLong(Part::bytes).sum();
    }

    @Override
    public void close() {
        parts.forEach(Part::close);
        parts.clear();
    }
}
