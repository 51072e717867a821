package io.infergrid.compute.vulkan;

import static org.lwjgl.vulkan.VK12.*;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A matrix on the device, or several of the same columns stacked on one another (query, key and value; gate and up). Rows
 * are interleaved in groups of 32, so that 32 invocations, each with its own row, read neighbouring memory; the values are
 * those of the file.
 */
final class DeviceMatrix implements AutoCloseable {

    private static final int GROUP = 32;
    private static final long MOST_PART_BYTES = 1L << 30;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /**
     * Rows that one dispatch computes.
     *
     * @param rows of the part
     * @param groups of 32 rows, the last one padded with zero rows
     * @param groupsEach 1 or 4 groups that one invocation has a row of
     * @param outOffset the part's first row in the stacked matrix
     * @param scales null for F16 and F32
     */
    record Part(
            TensorType type,
            int rows,
            int groups,
            int groupsEach,
            int outOffset,
            DeviceBuffer weights,
            @Nullable DeviceBuffer scales) {}

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
        long groupBytes = groupBytes(type);
        long mostTexels = Math.min(device.facts().maxTexelBufferElements(), MOST_PART_BYTES / 16);
        // a group has as many scales as invocations, and more weights than that
        long mostGroups = Math.max(1, Math.min(mostTexels * 16 / groupBytes, mostTexels / GROUP / order.slots()));
        for (long first = 0; first < runRows; first += mostGroups * GROUP) {
            int partRows = Math.toIntExact(Math.min(mostGroups * GROUP, runRows - first));
            parts.add(uploadPart(device, new Rows(run, first, partRows), type));
            rows += partRows;
        }
    }

    private Part uploadPart(VulkanDevice device, Rows from, TensorType type) {
        int groups = (from.count() + GROUP - 1) / GROUP;
        // rows of one invocation share its activations, but a small matrix needs every work group
        int groupsEach = groups >= 4 * tuning.rowsPerInvocation() ? tuning.rowsPerInvocation() : 1;
        long groupBytes = groupBytes(type);
        boolean scaled = type.blockElements() > 1;
        var weights = device.texels(groups * groupBytes, DeviceMemory.Place.DEVICE, VK_FORMAT_R32G32B32A32_UINT);
        DeviceBuffer scales = null;
        try {
            uploadGroups(device, weights, groups, groupBytes, (to, group) -> packWeights(to, from, group, type));
            if (scaled) {
                int units = (groups + groupsEach - 1) / groupsEach;
                long unitBytes = 4L * GROUP * groupsEach * order.slots();
                int format = groupsEach == 1 ? VK_FORMAT_R32_UINT : VK_FORMAT_R32G32B32A32_UINT;
                scales = device.texels(units * unitBytes, DeviceMemory.Place.DEVICE, format);
                uploadGroups(
                        device, scales, units, unitBytes, (to, unit) -> packScales(to, from, unit, groupsEach, type));
            }
            return new Part(type, from.count(), groups, groupsEach, rows, weights, scales);
        } catch (RuntimeException e) {
            weights.close();
            if (scales != null) {
                scales.close();
            }
            throw e;
        }
    }

    private interface Packing {
        void pack(MemorySegment to, int group);
    }

    private static void uploadGroups(
            VulkanDevice device, DeviceBuffer buffer, int groups, long groupBytes, Packing packing) {
        int atOnce = (int) Math.max(1, VulkanDevice.stagingBytes() / groupBytes);
        for (int first = 0; first < groups; first += atOnce) {
            int from = first;
            int count = Math.min(atOnce, groups - first);
            device.upload(buffer, first * groupBytes, count * groupBytes, to -> {
                to.fill((byte) 0);
                for (int i = 0; i < count; i++) {
                    packing.pack(to.asSlice(i * groupBytes, groupBytes), from + i);
                }
            });
        }
    }

    private long groupBytes(TensorType type) {
        long blockBytes = switch (type) {
            case Q4_0 -> 16;
            case Q8_0 -> 32;
            case F16 -> 64;
            case F32 -> 128;
            default -> throw new IllegalArgumentException("expected a type with kernels, found " + type);
        };
        return GROUP * blockBytes * (type.blockElements() > 1 ? order.slots() : (columns + 31) / 32);
    }

    private void packWeights(MemorySegment to, Rows from, int group, TensorType type) {
        int texels = type == TensorType.Q4_0 ? 1 : 2;
        for (int lane = 0; lane < GROUP && group * GROUP + lane < from.count(); lane++) {
            MemorySegment row = from.row(group * GROUP + lane);
            switch (type) {
                case Q4_0, Q8_0 -> packBlocks(to, row, lane, texels, type.blockBytes());
                case F16, F32 -> packElements(to, row, lane);
                default -> throw new IllegalArgumentException("expected a type with kernels, found " + type);
            }
        }
    }

    /** Every block's integers, to [slot][texel][lane]. */
    private void packBlocks(MemorySegment to, MemorySegment row, int lane, int texels, int blockBytes) {
        int blocks = Math.toIntExact(columns / 32);
        for (int block = 0; block < blocks; block++) {
            long at = (long) block * blockBytes + 2;
            for (int texel = 0; texel < texels; texel++) {
                long out = (((long) order.slotOf(block) * texels + texel) * GROUP + lane) * 16;
                to.set(LONG, out, row.get(LONG, at + 16L * texel));
                to.set(LONG, out + 8, row.get(LONG, at + 16L * texel + 8));
            }
        }
    }

    /** The row's bytes 16 at a time, to [texel][lane]. */
    private static void packElements(MemorySegment to, MemorySegment row, int lane) {
        for (long at = 0; at < row.byteSize(); at += 16) {
            long bytes = Math.min(16, row.byteSize() - at);
            MemorySegment.copy(row, at, to, (at / 16 * GROUP + lane) * 16, bytes);
        }
    }

    /** Every block's scale, to [slot][lane][group of the unit]. */
    private void packScales(MemorySegment to, Rows from, int unit, int groupsEach, TensorType type) {
        int blocks = Math.toIntExact(columns / 32);
        for (int i = 0; i < GROUP * groupsEach && unit * GROUP * groupsEach + i < from.count(); i++) {
            MemorySegment row = from.row(unit * GROUP * groupsEach + i);
            for (int block = 0; block < blocks; block++) {
                float scale = Ig1.fromHalf(row.get(SHORT, (long) block * type.blockBytes()));
                long at = ((long) order.slotOf(block) * GROUP + i % GROUP) * groupsEach + i / GROUP;
                to.set(FLOAT, at * 4, scale);
            }
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
            forms |= part.scales() == null ? Activation.PLAIN : Activation.QUANTISED;
        }
        return forms;
    }

    long bytes() {
        long bytes = 0;
        for (Part part : parts) {
            var scales = part.scales();
            bytes += part.weights().bytes() + (scales == null ? 0 : scales.bytes());
        }
        return bytes;
    }

    @Override
    public void close() {
        for (Part part : parts) {
            part.weights().close();
            var scales = part.scales();
            if (scales != null) {
                scales.close();
            }
        }
        parts.clear();
    }
}
