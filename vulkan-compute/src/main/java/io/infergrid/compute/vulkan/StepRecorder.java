package io.infergrid.compute.vulkan;

import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.vulkan.Kernels.Mode;
import io.infergrid.compute.vulkan.Kernels.Product;
import io.infergrid.compute.vulkan.Kernels.Rows;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;

/**
 * Records the forward pass: the operations of docs/ig1.md in their order, with a barrier wherever one reads what another
 * has written. Owns the activations between operations.
 */
final class StepRecorder implements AutoCloseable {

    private final VulkanStage stage;
    private final ModelConfig config;
    private final Kernels kernels;
    private final Kernels.Heads heads;
    private final DeviceBuffer x;
    private final DeviceBuffer rotary;
    // freed last first
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();

    private final DeviceBuffer none;
    private final DeviceBuffer qkv;
    private final DeviceBuffer query;
    private final DeviceBuffer h;
    private final DeviceBuffer gateUp;
    private final DeviceBuffer logits;
    private final AttentionScratch scratch;
    private final Activation normed;
    private final Activation attended;
    private final Activation hidden;

    /**
     * @param step the step's parameters, see step.glsl
     * @param pieces work groups of {@link AttentionPieces}
     * @param x the residual stream, [token][dimension]: the step's input, then its boundary
     * @param rotary [position][pair] of cos, sin
     */
    StepRecorder(
            VulkanStage stage,
            int maxPositions,
            int tokens,
            DeviceBuffer step,
            DeviceBuffer pieces,
            DeviceBuffer x,
            DeviceBuffer rotary) {
        this.stage = stage;
        this.config = stage.config();
        this.x = x;
        this.rotary = rotary;
        VulkanDevice device = stage.device();
        kernels = new Kernels(device, stage.tuning(), step, pieces);
        int queryColumns = config.queryDimension();
        int keyColumns = config.keyValueDimension();
        heads = new Kernels.Heads(
                queryColumns,
                keyColumns,
                config.headDimension(),
                config.heads(),
                config.heads() / config.kvHeads(),
                config.slidingWindow());
        try {
            none = own(device.zeroed(0));
            qkv = own(device.zeroed(4L * tokens * (queryColumns + 2 * keyColumns)));
            query = own(device.zeroed(4L * tokens * queryColumns));
            h = own(device.zeroed(4L * tokens * config.dimension()));
            gateUp = own(device.zeroed(8L * tokens * config.feedForward()));
            logits = own(device.zeroed(stage.head() == null ? 0 : 4L * tokens * config.vocabulary()));
            scratch = own(AttentionScratch.of(device, maxPositions, config.heads(), config.headDimension(), tokens));
            normed = own(new Activation(device, config.dimension(), tokens, formsOfNormed()));
            attended = own(new Activation(device, queryColumns, tokens, formsOfAttended()));
            hidden = own(new Activation(device, config.feedForward(), tokens, formsOfHidden()));
        } catch (RuntimeException e) {
            Owned.closeAll(owned);
            throw e;
        }
    }

    private <T extends AutoCloseable> T own(T part) {
        owned.push(part);
        return part;
    }

    private int formsOfNormed() {
        VulkanStage.Head head = stage.head();
        int forms = head == null ? 0 : head.output().forms();
        for (VulkanStage.Block block : stage.blocks()) {
            forms |= block.qkv().forms() | block.gateUp().forms();
        }
        return forms;
    }

    private int formsOfAttended() {
        return stage.blocks().stream()
                .mapToInt(block -> block.attentionOutput().forms())
                .reduce(0, (a, b) -> a | b);
    }

    private int formsOfHidden() {
        return stage.blocks().stream().mapToInt(block -> block.down().forms()).reduce(0, (a, b) -> a | b);
    }

    /** How attention of a step of so many tokens is cut for submissions of so much work. */
    AttentionPieces pieces(int tokens, long mostWork) {
        return AttentionPieces.of(scratch.maxPositions(), tokens, heads, mostWork);
    }

    /** Every block of the stage over {@code x}, for up to {@code tokens} tokens. */
    void blocks(CommandSequence to, List<KeyValuePool.Cache> caches, AttentionPieces pieces, int tokens) {
        for (int i = 0; i < stage.blocks().size(); i++) {
            attention(to, stage.blocks().get(i), caches.get(i), pieces, tokens);
            feedForward(to, stage.blocks().get(i), tokens);
        }
    }

    private void attention(
            CommandSequence to, VulkanStage.Block block, KeyValuePool.Cache cache, AttentionPieces pieces, int tokens) {
        int columns = heads.queryColumns() + 2 * heads.keyColumns();
        DeviceBuffer bias = block.qkvBias();
        to.barrier();
        kernels.rmsNorm(to, x, block.attentionNorm(), config.normEpsilon(), normed, tokens, Rows.TOKENS);
        to.barrier();
        DeviceBuffer addend = bias == null ? none : bias;
        Mode mode = bias == null ? Mode.PLAIN : Mode.BIAS;
        kernels.matmul(to, new Product(block.qkv(), normed, qkv, columns, addend, mode, Rows.TOKENS), tokens);
        DeviceBuffer headNorms = block.headNorms();
        if (headNorms != null) {
            to.barrier();
            kernels.headNorms(to, heads, headNorms, config.normEpsilon(), qkv, tokens);
        }
        to.barrier();
        kernels.rotateAndStore(
                to,
                heads,
                config.ropeDimensions() / 2,
                config.neoxRope(),
                qkv,
                rotary,
                query,
                cache,
                scratch.maximum(),
                tokens);
        to.barrier();
        kernels.attention(to, heads, query, cache, scratch, pieces, attended, tokens);
        to.barrier();
        kernels.matmul(
                to,
                new Product(block.attentionOutput(), attended, h, config.dimension(), x, Mode.RESIDUAL, Rows.TOKENS),
                tokens);
    }

    private void feedForward(CommandSequence to, VulkanStage.Block block, int tokens) {
        to.barrier();
        kernels.rmsNorm(to, h, block.feedForwardNorm(), config.normEpsilon(), normed, tokens, Rows.TOKENS);
        to.barrier();
        kernels.matmul(
                to,
                new Product(block.gateUp(), normed, gateUp, 2 * config.feedForward(), none, Mode.PLAIN, Rows.TOKENS),
                tokens);
        to.barrier();
        kernels.swiglu(to, gateUp, hidden, tokens);
        to.barrier();
        kernels.matmul(
                to, new Product(block.down(), hidden, x, config.dimension(), h, Mode.BOUNDARY, Rows.TOKENS), tokens);
    }

    /** Logits of the step's head rows, up to {@code rows} of them, and their copy to {@code output}. */
    void head(CommandSequence to, int rows, DeviceBuffer output) {
        VulkanStage.Head head = Objects.requireNonNull(stage.head());
        to.barrier();
        kernels.rmsNorm(to, x, head.norm(), config.normEpsilon(), normed, rows, Rows.HEAD);
        to.barrier();
        kernels.matmul(
                to, new Product(head.output(), normed, logits, config.vocabulary(), none, Mode.PLAIN, Rows.HEAD), rows);
        to.barrier();
        to.copy(logits, 0, output, 0, 4L * rows * config.vocabulary());
    }

    @Override
    public void close() {
        Owned.closeAll(owned);
    }
}
