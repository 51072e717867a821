package io.infergrid.compute.vulkan;

import io.infergrid.compute.vulkan.BlockLayout.Plane;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Records the kernels of the forward pass with their buffers and parameters, one method a kernel; see src/main/glsl. */
final class Kernels {

    /** What becomes of a matrix's results; the numbers are those of output.glsl. */
    enum Mode {
        PLAIN(0),
        BIAS(1),
        RESIDUAL(2),
        BOUNDARY(3);

        private final int word;

        Mode(int word) {
            this.word = word;
        }
    }

    /** Which vectors an operation takes: of all tokens of the step, or of those whose logits are wanted, one after the other. */
    enum Rows {
        TOKENS,
        HEAD
    }

    /**
     * A matrix times activations.
     *
     * @param out [token][outStride], the matrix's first row at column 0
     * @param addend bias [row], or residual [token][row], as the mode says
     */
    record Product(
            DeviceMatrix matrix,
            Activation x,
            DeviceBuffer out,
            int outStride,
            DeviceBuffer addend,
            Mode mode,
            Rows rows) {}

    /**
     * How the queries, keys and values of a token lie in memory.
     *
     * @param window positions that a position sees; 0 for all before it
     */
    record Heads(int queryColumns, int keyColumns, int headDimension, int heads, int queriesPerKey, int window) {}

    /** Tokens that an invocation computes where a step has several: they share the weights. */
    private static final int TOKENS_OF_A_PREFILL = 4;

    /** Tokens of a work group of matmul_tiles.comp. */
    private static final int TOKENS_OF_TILES = 32;

    private static final String BLOCK_BINDINGS = "STTSSSSTT";

    private final VulkanDevice device;
    private final Tuning tuning;
    private final DeviceBuffer step;
    private final DeviceBuffer pieces;
    private final boolean freeOrder;

    /**
     * @param step the step's parameters, see step.glsl
     * @param pieces work groups of {@link AttentionPieces}
     */
    Kernels(VulkanDevice device, Tuning tuning, DeviceBuffer step, DeviceBuffer pieces) {
        this(device, tuning, step, pieces, false);
    }

    /** @param freeOrder true for matrices whose sums are in no fixed order, which only a benchmark wants */
    Kernels(VulkanDevice device, Tuning tuning, DeviceBuffer step, DeviceBuffer pieces, boolean freeOrder) {
        this.freeOrder = freeOrder;
        this.device = device;
        this.tuning = tuning;
        this.step = step;
        this.pieces = pieces;
    }

    void rmsNorm(
            CommandSequence to,
            DeviceBuffer x,
            DeviceBuffer weight,
            float epsilon,
            Activation out,
            int tokens,
            Rows rows) {
        int[] shape = out.shape();
        to.dispatch(
                kernel("rms_norm", "SSSSSS", 7, 0),
                tokens,
                1,
                1,
                bindings(List.of(step, x, weight), out.buffers()),
                shape[0],
                shape[1],
                shape[2],
                shape[3],
                Float.floatToRawIntBits((float) (1.0 / shape[0])),
                Float.floatToRawIntBits(epsilon),
                rows.ordinal());
    }

    void swiglu(CommandSequence to, DeviceBuffer gateUp, Activation out, int tokens) {
        to.dispatch(
                kernel("swiglu", "SSSSS", 4, 0),
                (out.blocks() + 31) / 32,
                tokens,
                1,
                bindings(List.of(step, gateUp), out.buffers()),
                out.shape());
    }

    void matmul(CommandSequence to, Product product, int tokens) {
        for (DeviceMatrix.Part part : product.matrix().parts()) {
            BlockLayout layout = part.layout();
            if (layout == null) {
                plainMatmul(to, product, part, tokens);
            } else {
                blockMatmul(to, product, part, layout, tokens);
            }
        }
    }

    private void plainMatmul(CommandSequence to, Product product, DeviceMatrix.Part part, int tokens) {
        DeviceMatrix matrix = product.matrix();
        String name = "matmul_plain_" + part.type().name().toLowerCase(Locale.ROOT);
        to.dispatch(
                kernel(name, "STSSS", 8, 0),
                32L * matrix.columns() * tokens,
                part.groups(),
                tokens,
                List.of(step, part.plane(Plane.LOW_BITS), product.x().plain(), product.out(), product.addend()),
                part.rows(),
                part.groups(),
                Math.toIntExact((matrix.columns() + 31) / 32),
                product.rows().ordinal(),
                product.outStride(),
                part.outOffset(),
                part.outOffset(),
                product.mode().word);
    }

    private void blockMatmul(
            CommandSequence to, Product product, DeviceMatrix.Part part, BlockLayout layout, int tokens) {
        DeviceMatrix matrix = product.matrix();
        int rowGroups = (part.groups() + part.groupsEach() - 1) / part.groupsEach();
        boolean tiled = tokens > 1 && tuning.tiles() != MatrixTiles.NONE && !freeOrder;
        int tokensEach = tiled ? TOKENS_OF_TILES : tokens == 1 ? 1 : TOKENS_OF_A_PREFILL;
        int tokenGroups = (tokens + tokensEach - 1) / tokensEach;
        Kernel kernel = tiled
                ? kernel(
                        layout.tilesKernel() + tuning.tiles().suffix(),
                        BLOCK_BINDINGS,
                        9,
                        tuning.tiles().depth())
                : kernel(
                        (freeOrder ? layout.freeOrderKernel() : layout.kernel()) + "_" + part.groupsEach() + "x"
                                + tokensEach + (tuning.integerDots() ? "_dot" : ""),
                        BLOCK_BINDINGS,
                        9,
                        split(matrix, rowGroups * tokenGroups));
        to.dispatch(
                kernel,
                32L * part.groupsEach() * matrix.columns() * tokens,
                rowGroups,
                tokenGroups,
                List.of(
                        step,
                        part.plane(Plane.LOW_BITS),
                        part.plane(Plane.SCALES),
                        product.x().quantised(),
                        product.x().scales(),
                        product.out(),
                        product.addend(),
                        part.plane(Plane.HIGH_BITS),
                        part.plane(Plane.SCALES_OF_256)),
                part.rows(),
                part.groups(),
                matrix.order().laneBits(),
                matrix.order().runs(),
                product.outStride(),
                part.outOffset(),
                part.outOffset(),
                product.mode().word,
                product.rows().ordinal());
    }

    /** Invocations that share a row, so that there are enough of them. */
    private int split(DeviceMatrix matrix, int workGroups) {
        int split = 1;
        while (split < Math.min(tuning.mostSplit(), matrix.order().lanes())
                && 32L * workGroups * split < tuning.invocationsWanted()) {
            split *= 2;
        }
        return split;
    }

    /** The RMS norm of each head of queries and keys, in place. */
    void headNorms(CommandSequence to, Heads heads, DeviceBuffer weights, float epsilon, DeviceBuffer qkv, int tokens) {
        to.dispatch(
                kernel("head_norm", "SSS", 5, 0),
                (heads.queryColumns() + heads.keyColumns()) / heads.headDimension(),
                tokens,
                1,
                List.of(step, weights, qkv),
                heads.queryColumns(),
                heads.keyColumns(),
                heads.headDimension(),
                Float.floatToRawIntBits((float) (1.0 / heads.headDimension())),
                Float.floatToRawIntBits(epsilon));
    }

    void rotateAndStore(
            CommandSequence to,
            Heads heads,
            int pairs,
            boolean neox,
            DeviceBuffer qkv,
            DeviceBuffer rotary,
            DeviceBuffer query,
            KeyValuePool.Cache cache,
            DeviceBuffer maximum,
            int tokens) {
        int columns = heads.queryColumns() + 2 * heads.keyColumns();
        to.dispatch(
                kernel("rotate_store", "SSSSSSS", 6, tuning.wideCache() ? 1 : 0),
                (columns / 2 + 31) / 32,
                tokens,
                1,
                List.of(step, qkv, rotary, query, cache.keys(), cache.values(), maximum),
                heads.queryColumns(),
                heads.keyColumns(),
                heads.headDimension(),
                pairs,
                neox ? 1 : 0,
                heads.heads());
    }

    /** @param cut for as many positions as the scratch memory has */
    void attention(
            CommandSequence to,
            Heads heads,
            DeviceBuffer query,
            KeyValuePool.Cache cache,
            AttentionScratch scratch,
            AttentionPieces cut,
            Activation out,
            int tokens) {
        int wide = tuning.wideCache() ? 1 : 0;
        float scale = (float) (1.0 / Math.sqrt(heads.headDimension()));
        for (int piece = 0; piece < cut.count(); piece++) {
            to.dispatchIndirect(
                    kernel("attention_scores", "SSTSS", 8, wide),
                    cut,
                    piece,
                    pieces,
                    List.of(step, query, cache.keys(), scratch.scores(), scratch.maximum()),
                    heads.queryColumns(),
                    heads.keyColumns(),
                    heads.headDimension(),
                    heads.queriesPerKey(),
                    scratch.maxPositions(),
                    Float.floatToRawIntBits(scale),
                    heads.window(),
                    cut.firstChunk(piece));
        }
        to.barrier();
        for (int piece = 0; piece < cut.count(); piece++) {
            to.dispatchIndirect(
                    kernel("attention_values", "SSSTSS", 7, wide),
                    cut,
                    piece,
                    pieces,
                    List.of(
                            step,
                            scratch.scores(),
                            scratch.maximum(),
                            cache.values(),
                            scratch.numerators(),
                            scratch.denominators()),
                    heads.queryColumns(),
                    heads.keyColumns(),
                    heads.headDimension(),
                    heads.queriesPerKey(),
                    scratch.maxPositions(),
                    heads.window(),
                    cut.firstChunk(piece));
        }
        to.barrier();
        int[] shape = out.shape();
        to.dispatch(
                kernel("attention_merge", "SSSSSS", 7, 0),
                (out.blocks() + 31) / 32,
                tokens,
                1,
                bindings(List.of(step, scratch.numerators(), scratch.denominators()), out.buffers()),
                shape[0],
                shape[1],
                shape[2],
                shape[3],
                heads.headDimension(),
                scratch.maxPositions(),
                heads.window());
    }

    private Kernel kernel(String name, String bindings, int pushWords, int constant) {
        return device.kernel(new Kernel.Source(name, bindings, pushWords, constant));
    }

    private static List<DeviceBuffer> bindings(List<DeviceBuffer> first, List<DeviceBuffer> then) {
        var all = new ArrayList<>(first);
        all.addAll(then);
        return all;
    }
}
