package io.infergrid.compute.plan;

import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufHeader;
import io.infergrid.compute.gguf.GgufTensorInfo;
import io.infergrid.compute.model.ModelConfig;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The bytes of a model's parts, as they are in its file. The engine keeps weights in about as many; keys and values are halves,
 * in pages of {@value StageLimits#PAGE_POSITIONS} positions.
 *
 * @param name {@code general.name}
 * @param embeddingBytes the input embedding, which the first stage has
 * @param normBytes the final norm, which the last stage has
 * @param outputBytes the output matrix, which the last stage has; 0 if it is the embedding again
 * @param sharedBytes what every stage has, such as rotary factors
 * @param blockBytes of each block in order
 */
public record ModelFootprint(
        String name,
        ModelConfig config,
        long embeddingBytes,
        long normBytes,
        long outputBytes,
        long sharedBytes,
        List<Long> blockBytes) {

    private static final int BYTES_OF_HALF = 2;

    public ModelFootprint {
        blockBytes = List.copyOf(blockBytes);
        if (blockBytes.size() != config.blocks()) {
            throw new GgufException("expected the bytes of " + config.blocks() + " blocks, found " + blockBytes.size());
        }
    }

    /**
     * Adds up the tensors of a header.
     *
     * @throws GgufException if the model is not one that the engine runs, or a block has no tensors
     */
    public static ModelFootprint of(GgufHeader header) {
        ModelConfig config = ModelConfig.of(header.metadata());
        long embedding = 0;
        long norm = 0;
        long output = 0;
        long shared = 0;
        var blocks = new long[config.blocks()];
        for (GgufTensorInfo tensor : header.tensors()) {
            String name = tensor.name();
            long bytes = tensor.byteSize();
            if (name.startsWith("blk.")) {
                int block = block(name, config.blocks());
                blocks[block] += bytes;
            } else {
                switch (name) {
                    case "token_embd.weight" -> embedding = bytes;
                    case "output_norm.weight" -> norm = bytes;
                    case "output.weight" -> output = bytes;
                    default -> shared += bytes;
                }
            }
        }
        for (int i = 0; i < blocks.length; i++) {
            if (blocks[i] == 0) {
                throw new GgufException("expected tensors of block " + i + ", found none");
            }
        }
        return new ModelFootprint(
                header.metadata().optionalString("general.name").orElse("unnamed"),
                config,
                embedding,
                norm,
                output,
                shared,
                LongStream.of(blocks).boxed().toList());
    }

    private static int block(String tensor, int blocks) {
        String number = tensor.substring(4, Math.max(4, tensor.indexOf('.', 4)));
        if (!number.matches("\\d{1,4}") || Integer.parseInt(number) >= blocks) {
            throw new GgufException("tensor '" + tensor + "': expected a block below " + blocks);
        }
        return Integer.parseInt(number);
    }

    public int blocks() {
        return config.blocks();
    }

    /** All weights. */
    public long weightBytes() {
        return weightBytes(StageSpec.whole(blocks()));
    }

    /** The weights of a stage. An embedding that is also the output matrix counts once in a stage that has both ends. */
    public long weightBytes(StageSpec spec) {
        long bytes = sharedBytes;
        for (int i = spec.firstBlock(); i < spec.endBlock(); i++) {
            bytes += blockBytes.get(i);
        }
        boolean tied = outputBytes == 0;
        if (spec.head()) {
            bytes += normBytes + (tied ? embeddingBytes : outputBytes);
        }
        if (spec.embedding() && !(spec.head() && tied)) {
            bytes += embeddingBytes;
        }
        return bytes;
    }

    /** What one token makes a stage read of its weights: all but the embedding, of which it is one row. */
    public long readBytes(StageSpec spec) {
        return weightBytes(new StageSpec(spec.firstBlock(), spec.endBlock(), false, spec.head()));
    }

    /** Keys and values of one session with so many positions, in whole pages. */
    public long cacheBytes(StageSpec spec, int positions) {
        long pages = (positions + StageLimits.PAGE_POSITIONS - 1L) / StageLimits.PAGE_POSITIONS;
        return pages
                * StageLimits.PAGE_POSITIONS
                * 2
                * BYTES_OF_HALF
                * config.keyValueDimension()
                * (spec.endBlock() - spec.firstBlock());
    }
}
