package io.infergrid.compute.vulkan;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * What the fixed order of sums costs: the same matrix kernel with sum32's order and without contraction, and with sums in the
 * order in which blocks come, as the compiler likes. Each call is one measurement.
 */
public final class OrderProbe implements AutoCloseable {

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final VulkanDevice device;
    private final Tuning tuning;
    private final int columns;
    private final int rows;
    private final int tokens;
    // freed last first
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();

    private final CommandSequence fixed;
    private final CommandSequence free;

    /**
     * @param type Q8_0 or Q4_0
     * @param tokens that meet the matrix: 1 as in a decode, or up to 32
     */
    public OrderProbe(VulkanBackend backend, TensorType type, int rows, int columns, int tokens) {
        this.device = backend.vulkanDevice();
        this.tuning = Tuning.of(device.facts()).withTiles(MatrixTiles.NONE); // there is no free order of these
        this.rows = rows;
        this.columns = columns;
        this.tokens = tokens;
        try {
            var matrix = own(DeviceMatrix.upload(device, tuning, List.of(randomMatrix(type))));
            var activation = own(new Activation(device, columns, tokens, matrix.forms()));
            var step = own(device.buffer(StepParameters.bytes(0), DeviceMemory.Place.UPLOAD));
            var first = new StepParameters.Token(0, 0);
            new StepParameters(Collections.nCopies(tokens, first), List.of(), new int[0]).write(step.mapped());
            quantise(activation, step);
            fixed = sequence(matrix, activation, step, false);
            free = sequence(matrix, activation, step, true);
        } catch (RuntimeException e) {
            Owned.closeAll(owned);
            throw e;
        }
    }

    private <T extends AutoCloseable> T own(T part) {
        owned.push(part);
        return part;
    }

    private GgufTensor randomMatrix(TensorType type) {
        var bytes = new byte[Math.toIntExact(rows * type.rowBytes(columns))];
        new Random(1).nextBytes(bytes);
        var data = MemorySegment.ofArray(bytes);
        for (int block = 0; block < bytes.length; block += type.blockBytes()) {
            data.set(HALF, block, Ig1.toHalf(0.01f));
        }
        return new GgufTensor("random", type, columns, rows, data);
    }

    private void quantise(Activation activation, DeviceBuffer step) {
        try (var x = device.buffer(4L * columns * tokens, DeviceMemory.Place.UPLOAD);
                var weight = device.buffer(4L * columns, DeviceMemory.Place.UPLOAD);
                var sequence = new CommandSequence(device)) {
            for (int i = 0; i < columns * tokens; i++) {
                x.mapped().setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 7 - 3f);
            }
            for (int i = 0; i < columns; i++) {
                weight.mapped().setAtIndex(ValueLayout.JAVA_FLOAT, i, 1f);
            }
            new Kernels(device, tuning, step, step)
                    .rmsNorm(sequence, x, weight, 1e-5f, activation, tokens, Kernels.Rows.TOKENS);
            sequence.end().run();
        }
    }

    private CommandSequence sequence(DeviceMatrix matrix, Activation x, DeviceBuffer step, boolean freeOrder) {
        DeviceBuffer out = own(device.zeroed(4L * rows * tokens));
        DeviceBuffer none = own(device.zeroed(0));
        var sequence = own(new CommandSequence(device));
        new Kernels(device, tuning, step, step, freeOrder)
                .matmul(
                        sequence,
                        new Kernels.Product(matrix, x, out, rows, none, Kernels.Mode.PLAIN, Kernels.Rows.TOKENS),
                        tokens);
        return sequence.end();
    }

    /** How much longer the fixed order takes: 1.02 is two in a hundred. Runs both, one after the other. */
    public double ratio() {
        return seconds(fixed) / seconds(free);
    }

    /** Runs the matrix in the order of IG1, or in any; for measurements by other clocks. */
    public void run(boolean freeOrder) {
        (freeOrder ? free : fixed).run();
    }

    private static double seconds(CommandSequence sequence) {
        long start = System.nanoTime();
        sequence.run();
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void close() {
        Owned.closeAll(owned);
    }
}
