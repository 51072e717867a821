package io.infergrid.compute.cpu;

import io.infergrid.compute.gguf.TensorType;
import java.util.List;

/**
 * How the blocks of a type with 2 to 6 bits a weight are packed. A row's 32 weights of a block become as many 16-bit words as a
 * weight has bits, the even columns in one lane and the odd ones beside it: pair {@code p} is columns {@code 2p} and
 * {@code 2p + 1}. Every bit of the words is used; a weight whose bits do not fit in what is left of a word is in several.
 *
 * @param bits of a weight, 2 to 6; or 4 that are an index to {@link #NON_LINEAR}
 * @param centre what is subtracted from the stored bits: for types without an offset because it belongs to the weight, for
 *     the others so that sums of products fit in 16 bits, and added again after that
 * @param table whether the bits are an index
 * @param halves whether weights 0 to 15 and 16 to 31 have factors of their own
 * @param offset whether there is an offset beside the scale
 * @param factorBytes small integers that a row's block has: factors of its two halves, or of scale and offset
 * @param superBlocks blocks that share a header, the binary16 scale and offset
 */
record PairLayout(
        int bits, int centre, boolean table, boolean halves, boolean offset, int factorBytes, int superBlocks) {

    /** Pairs of columns in a block. */
    static final int PAIRS = 16;

    /** The sixteen values of IQ4_NL and IQ4_XS. */
    static final int[] NON_LINEAR = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** Where a value plus 127 stands among them. */
    static final byte[] INDEX = new byte[256];

    static {
        for (byte i = 0; i < NON_LINEAR.length; i++) {
            INDEX[NON_LINEAR[i] + 127] = i;
        }
    }

    /**
     * Bits of a pair's two weights that stand together in a word.
     *
     * @param word index of the word
     * @param shift place of the lowest of them in the word
     * @param bits how many
     * @param place of the lowest of them in the weight
     */
    record Field(int word, int shift, int bits, int place) {}

    static PairLayout of(TensorType type) {
        return switch (type) {
            case Q4_0 -> new PairLayout(4, 8, false, false, false, 0, 1);
            case Q4_1 -> new PairLayout(4, 8, false, false, true, 0, 1);
            case Q5_0 -> new PairLayout(5, 16, false, false, false, 0, 1);
            case Q5_1 -> new PairLayout(5, 16, false, false, true, 0, 1);
            case IQ4_NL -> new PairLayout(4, 0, true, false, false, 0, 1);
            case IQ4_XS -> new PairLayout(4, 0, true, false, false, 1, 8);
            case Q2_K -> new PairLayout(2, 0, false, true, true, 2, 8);
            case Q3_K -> new PairLayout(3, 4, false, true, false, 2, 8);
            case Q4_K -> new PairLayout(4, 8, false, false, true, 2, 8);
            case Q5_K -> new PairLayout(5, 16, false, false, true, 2, 8);
            case Q6_K -> new PairLayout(6, 32, false, true, false, 2, 8);
            case Q8_0, F32, F16, BF16 ->
                throw new IllegalArgumentException("expected a type with 2 to 6 bits a weight, found " + type);
        };
    }

    /** Binary16 numbers of a row's superblock. */
    int headerHalves() {
        return offset ? 2 : 1;
    }

    /** Words of a row's block: its even and its odd columns have as many each. */
    int words() {
        return bits;
    }

    /** Sums of products that a block's dot product is put together from. */
    int dots() {
        return halves || table ? 2 : 1;
    }

    List<Field> fields(int pair) {
        return fields(bits, pair);
    }

    /** Where a pair's bits are, from the lowest on. */
    static List<Field> fields(int bits, int pair) {
        int half = pair / 8;
        int i = pair % 8;
        return switch (bits) {
            case 2 -> List.of(new Field(half, 2 * i, 2, 0));
            // three words are two halves' first five pairs, and a byte for the rest of each; a sixteenth bit has what
            // is left
            case 3 ->
                switch (i) {
                    case 0, 1, 2, 3, 4 -> List.of(new Field(half, 3 * i, 3, 0));
                    case 5, 6 -> List.of(new Field(2, 8 * half + 3 * (i - 5), 3, 0));
                    default -> List.of(new Field(2, 8 * half + 6, 2, 0), new Field(half, 15, 1, 2));
                };
            case 4 -> List.of(new Field(pair / 4, pair % 4 * 4, 4, 0));
            // three pairs in a word, and a bit of the last pair
            case 5 ->
                pair < 15
                        ? List.of(new Field(pair / 3, pair % 3 * 5, 5, 0))
                        : List.of(
                                new Field(0, 15, 1, 0),
                                new Field(1, 15, 1, 1),
                                new Field(2, 15, 1, 2),
                                new Field(3, 15, 1, 3),
                                new Field(4, 15, 1, 4));
            // three words are a half: two pairs in each, and four bits of the seventh and of the eighth, and two and
            // two of both
            case 6 ->
                i < 6
                        ? List.of(new Field(3 * half + i / 2, i % 2 * 6, 6, 0))
                        : List.of(
                                new Field(3 * half + i - 6, 12, 4, 0), new Field(3 * half + 2, 2 * (i - 6) + 12, 2, 4));
            default -> throw new IllegalArgumentException("expected 2 to 6 bits, found " + bits);
        };
    }
}
