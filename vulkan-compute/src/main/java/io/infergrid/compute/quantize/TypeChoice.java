package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.TensorType;

/** Which type each matrix of a file gets. */
interface TypeChoice {

    /** The type for a matrix of this name and row length; always one whose blocks divide the row. */
    TensorType of(String name, long columns);

    /** {@code general.file_type}. */
    int fileType();

    /** Every matrix in one type; F16 where its blocks do not divide a row. */
    static TypeChoice plain(TensorType type) {
        return new TypeChoice() {
            @Override
            public TensorType of(String name, long columns) {
                return columns % type.blockElements() == 0 ? type : TensorType.F16;
            }

            @Override
            public int fileType() {
                return FileType.of(type).id();
            }
        };
    }

    /** As in published files of this type. */
    static TypeChoice published(FileType type, GgufMetadata metadata, boolean tied) {
        String a = metadata.requiredString("general.architecture") + ".";
        int blocks = metadata.requiredInt(a + "block_count", 1, 1 << 10);
        int heads = metadata.requiredInt(a + "attention.head_count", 1, 1 << 10);
        int kvHeads = metadata.optionalInt(a + "attention.head_count_kv", heads, 1, heads);
        return new Published(type, blocks, heads / kvHeads, tied);
    }

    /**
     * The choice that llama.cpp's quantiser makes without an importance matrix for dense models, found in the files that it
     * writes.
     *
     * @param blocks of the whole model
     * @param queriesPerKey query heads that share a key and value head
     * @param tied whether the output matrix is the embedding
     */
    record Published(FileType type, int blocks, int queriesPerKey, boolean tied) implements TypeChoice {

        /** Llama 2 and 3 70B, Qwen 72B: eight query heads share the value matrix, which is small and gets more bits. */
        private static final int BLOCKS_OF_70B = 80;

        @Override
        public int fileType() {
            return type.id();
        }

        @Override
        public TensorType of(String name, long columns) {
            return fitting(wanted(name), columns);
        }

        private TensorType wanted(String name) {
            if (name.equals("output.weight") || tied && name.equals("token_embd.weight")) {
                return type.matrices().quantised() && type != FileType.Q8_0 ? TensorType.Q6_K : type.matrices();
            }
            int block = block(name);
            if (name.endsWith(".attn_v.weight")) {
                return value(block);
            }
            if (name.endsWith(".ffn_down.weight")) {
                return down(block);
            }
            if (name.endsWith(".attn_output.weight")) {
                return attentionOutput();
            }
            return type.matrices();
        }

        private TensorType value(int block) {
            boolean shared = queriesPerKey >= 4;
            TensorType chosen = switch (type) {
                case Q2_K -> shared ? TensorType.Q4_K : TensorType.Q3_K;
                case Q3_K_M -> block < 2 ? TensorType.Q5_K : TensorType.Q4_K;
                case Q3_K_L -> TensorType.Q5_K;
                case Q4_K_S -> block < 4 ? TensorType.Q5_K : TensorType.Q4_K;
                case Q4_K_M, Q5_K_M -> moreBits(block) ? TensorType.Q6_K : type.matrices();
                case IQ4_NL, IQ4_XS -> shared ? TensorType.Q5_K : type.matrices();
                default -> type.matrices();
            };
            boolean few = chosen == TensorType.Q3_K || chosen == TensorType.Q4_K;
            return blocks == BLOCKS_OF_70B && few ? TensorType.Q5_K : chosen;
        }

        private TensorType down(int block) {
            boolean early = block < blocks / 8;
            return switch (type) {
                case Q2_K -> TensorType.Q3_K;
                case Q3_K_M -> block < blocks / 16 ? TensorType.Q5_K : TensorType.Q4_K;
                case Q3_K_L -> TensorType.Q5_K;
                case Q4_K_S -> early ? TensorType.Q5_K : TensorType.Q4_K;
                case Q4_K_M, Q5_K_M -> moreBits(block) ? TensorType.Q6_K : type.matrices();
                case IQ4_NL, IQ4_XS -> early ? TensorType.Q5_K : type.matrices();
                default -> type.matrices();
            };
        }

        private TensorType attentionOutput() {
            return switch (type) {
                case Q2_K -> TensorType.Q3_K;
                case Q3_K_M -> TensorType.Q4_K;
                case Q3_K_L -> TensorType.Q5_K;
                default -> type.matrices();
            };
        }

        /** The first and last eighth of the blocks, and every third between. */
        private boolean moreBits(int block) {
            int eighth = blocks / 8;
            return block < eighth || block >= 7 * blocks / 8 || (block - eighth) % 3 == 2;
        }

        /** Where 256 does not divide a row, a type with blocks of 32 of about as many bits; F16 where 32 does not. */
        private static TensorType fitting(TensorType wanted, long columns) {
            TensorType chosen = wanted;
            if (columns % wanted.blockElements() != 0) {
                chosen = switch (wanted) {
                    case Q2_K, Q3_K -> TensorType.Q4_0;
                    case IQ4_XS -> TensorType.IQ4_NL;
                    case Q4_K -> TensorType.Q5_0;
                    case Q5_K -> TensorType.Q5_1;
                    case Q6_K -> TensorType.Q8_0;
                    default -> wanted;
                };
            }
            return columns % chosen.blockElements() == 0 ? chosen : TensorType.F16;
        }

        private static int block(String name) {
            if (!name.startsWith("blk.")) {
                return 0;
            }
            int end = name.indexOf('.', 4);
            try {
                return Integer.parseInt(name, 4, Math.max(4, end), 10);
            } catch (NumberFormatException _) {
                throw new GgufException("expected a tensor name blk.N.NAME, found '" + name + "'");
            }
        }
    }
}
