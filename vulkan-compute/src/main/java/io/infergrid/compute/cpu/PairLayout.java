package io.infergrid.compute.cpu;

import io.infergrid.compute.gguf.TensorType;

/**
 * How the blocks of a type with 2 to 6 bits a weight are packed. A row's 32 weights of a block become 16-bit words, the even
 * columns in one lane and the odd ones beside it: pair {@code p} is columns {@code 2p} and {@code 2p + 1}. The words hold
 * each weight's low bits, 4 pairs (of 4 bits) or 8 pairs (of 2 bits) to a word; further words hold the bits above them.
 *
 * @param lowBits 4 or 2
 * @param highBits 0, 1 or 2 above the low ones; stored so that a shift by 1 or 2 and one mask bring those of a word of low
 *     bits to the fields that they belong to
 * @param centre what is subtracted from the stored bits: for types without an offset because it belongs to the weight, for
 *     the others so that sums of products fit in 16 bits, and added again after that
 * @param table whether the bits are an index to {@link #NON_LINEAR}
 * @param halves whether weights 0 to 15 and 16 to 31 have factors of their own
 * @param offset whether there is an offset beside the scale
 * @param headerHalves binary16 numbers that a row's superblock has: its scale and offset
 * @param factorBytes small integers that a row's block has: factors of its two halves, or of scale and offset
 * @param superBlocks blocks that share a header
 */
record PairLayout(
        int lowBits,
        int highBits,
        int centre,
        boolean table,
        boolean halves,
        boolean offset,
        int headerHalves,
        int factorBytes,
        int superBlocks) {

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

    static PairLayout of(TensorType type) {
        return switch (type) {
            case Q4_0 -> new PairLayout(4, 0, 8, false, false, false, 1, 0, 1);
            case Q4_1 -> new PairLayout(4, 0, 0, false, false, true, 2, 0, 1);
            case Q5_0 -> new PairLayout(4, 1, 16, false, false, false, 1, 0, 1);
            case Q5_1 -> new PairLayout(4, 1, 16, false, false, true, 2, 0, 1);
            case IQ4_NL -> new PairLayout(4, 0, 0, true, false, false, 1, 0, 1);
            case IQ4_XS -> new PairLayout(4, 0, 0, true, false, false, 1, 1, 8);
            case Q2_K -> new PairLayout(2, 0, 0, false, true, true, 2, 2, 8);
            case Q3_K -> new PairLayout(2, 1, 4, false, true, false, 1, 2, 8);
            case Q4_K -> new PairLayout(4, 0, 0, false, false, true, 2, 2, 8);
            case Q5_K -> new PairLayout(4, 1, 16, false, false, true, 2, 2, 8);
            case Q6_K -> new PairLayout(4, 2, 32, false, true, false, 1, 2, 8);
            case Q8_0, F32, F16, BF16 ->
                throw new IllegalArgumentException("expected a type with 2 to 6 bits a weight, found " + type);
        };
    }

    /** Words of low bits in a lane. */
    int lowWords() {
        return PAIRS * lowBits / 16;
    }

    int words() {
        return lowWords() + highBits;
    }

    /** Sums of products that a block's dot product is put together from. */
    int dots() {
        return halves || table ? 2 : 1;
    }

    /** Index of the word of low bits of a pair. */
    int lowWord(int pair) {
        return pair / (16 / lowBits);
    }

    /**
     * Where a block has a word: index of the vector. Those that are unpacked together stand together, nibbles without further
     * bits in both vectors of rows, others in one: high bits, then the words that they belong to.
     *
     * @param word of low bits, or of those above them
     * @param half of the group's rows: a vector of them
     */
    int vector(int word, int half) {
        if (lowBits == 2 || highBits == 0) {
            return 2 * word + half;
        }
        boolean high = word >= lowWords();
        if (highBits == 1) {
            return 5 * half + (high ? 0 : 1 + word);
        }
        int part = high ? word - lowWords() : word / 2;
        return 3 * (2 * half + part) + (high ? 0 : 1 + word % 2);
    }

    int lowShift(int pair) {
        return pair % (16 / lowBits) * lowBits;
    }

    /** Index, among all words, of the word with bits above the low ones of a pair. */
    int highWord(int pair) {
        return lowWords() + (highBits == 2 ? pair / 8 : 0);
    }

    /** Bits of a word of low bits have the place of its fields' low bits, less a shift by the index of the word. */
    int highShift(int pair) {
        int word = lowWord(pair);
        return lowShift(pair) + (highBits == 2 ? word % 2 * 2 : word);
    }

    int highMask() {
        return (1 << highBits) - 1;
    }
}
