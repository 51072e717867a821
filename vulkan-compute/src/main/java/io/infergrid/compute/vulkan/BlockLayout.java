package io.infergrid.compute.vulkan;

import static org.lwjgl.vulkan.VK12.*;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * How 32 weights of each block type lie on the device; block_weights.glsl reads it. Bits and scales are those of the file in
 * another order, so a matrix takes about its bytes: low bits, upper bits and scales are planes of their own.
 */
enum BlockLayout {
    Q8_0(8, 0, Scales.FLOAT),
    Q4_0(4, 0, Scales.FLOAT),
    Q4_1(4, 0, Scales.HALVES),
    Q5_0(4, 1, Scales.FLOAT),
    Q5_1(4, 1, Scales.HALVES),
    IQ4_NL(4, 0, Scales.FLOAT),
    IQ4_XS(4, 0, Scales.OF_256),
    Q2_K(2, 0, Scales.TWO_OF_256),
    Q3_K(2, 1, Scales.OF_256),
    Q4_K(4, 0, Scales.TWO_OF_256),
    Q5_K(4, 1, Scales.TWO_OF_256),
    Q6_K(4, 2, Scales.OF_256);

    /** What a block's scale is made of. */
    enum Scales {
        /** A binary32 for each 32 weights. */
        FLOAT,
        /** Two halves for each 32 weights: scale and offset. */
        HALVES,
        /** A binary32 for each 256 weights, sixteen bits of small factors for each 32. */
        OF_256,
        /** Two binary32 for each 256 weights: scale and offset; sixteen bits for each 32. */
        TWO_OF_256
    }

    /** A part of the weights that has a buffer of its own. */
    enum Plane {
        LOW_BITS,
        SCALES,
        HIGH_BITS,
        SCALES_OF_256
    }

    private static final int ROWS = 32;
    private static final int BLOCKS_OF_256 = 8;

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private static final long LOW_NIBBLES = 0x0f0f0f0f0f0f0f0fL;

    private final int words;
    private final int highWords;
    private final Scales scales;

    BlockLayout(int words, int highWords, Scales scales) {
        this.words = words;
        this.highWords = highWords;
        this.scales = scales;
    }

    /**
     * @throws IllegalArgumentException for types whose weights have no blocks
     */
    static BlockLayout of(TensorType type) {
        return valueOf(type.name());
    }

    /** The kernel's name without its cut. */
    String kernel() {
        return "matmul_blocks_" + name().toLowerCase(Locale.ROOT);
    }

    /** The kernel for many tokens, without the way its tiles are multiplied. */
    String tilesKernel() {
        return "matmul_tiles_" + name().toLowerCase(Locale.ROOT);
    }

    /** The same with sums in no fixed order: of Q8_0 and Q4_0, for the benchmark. */
    String freeOrderKernel() {
        return "matmul_free_order_" + name().toLowerCase(Locale.ROOT);
    }

    boolean has(Plane plane) {
        return halfWords(plane) > 0;
    }

    /** Sixteen-bit units that a cell of a row (32 weights, or 256) takes in a plane. */
    private int halfWords(Plane plane) {
        return switch (plane) {
            case LOW_BITS -> 2 * words;
            case HIGH_BITS -> 2 * highWords;
            case SCALES -> scales == Scales.FLOAT || scales == Scales.HALVES ? 2 : 1;
            case SCALES_OF_256 -> scales == Scales.TWO_OF_256 ? 4 : scales == Scales.OF_256 ? 2 : 0;
        };
    }

    /** Texels of a plane: a fetch has what one invocation needs of a cell, or a part of it. */
    int format(Plane plane, int groups) {
        return switch (halfWords(plane) * (plane == Plane.LOW_BITS && words > 2 ? 1 : groups)) {
            case 1, 2 -> VK_FORMAT_R32_UINT;
            case 4 -> groups == 1 || halfWords(plane) == 1 ? VK_FORMAT_R32G32_UINT : VK_FORMAT_R32G32B32A32_UINT;
            default -> VK_FORMAT_R32G32B32A32_UINT;
        };
    }

    /** Bytes of a plane for a unit of groups of 32 rows. */
    long unitBytes(Plane plane, int slots, int groups) {
        return 2L * halfWords(plane) * ROWS * groups * cells(plane, slots);
    }

    private static int cells(Plane plane, int slots) {
        return plane == Plane.SCALES_OF_256 ? (slots + BLOCKS_OF_256 - 1) / BLOCKS_OF_256 : slots;
    }

    /** Where in a unit's plane a cell of row {@code lane} of group {@code group} begins. */
    private long at(Plane plane, int slots, int groups, int cell, int lane, int group) {
        long row = (long) cell * ROWS + lane;
        return switch (halfWords(plane)) {
            case 16 -> 16 * (((long) group * slots + cell) * 2 * ROWS + lane);
            case 8 -> 16 * ((long) group * slots * ROWS + row);
            case 4 -> groups == 1 ? 8 * row : 16 * (((long) cell * 2 + group / 2) * ROWS + lane) + 8 * (group % 2);
            case 2 -> 4 * (row * groups + group);
            default -> 2 * (row * groups + group);
        };
    }

    /**
     * Packs a row's part of a plane.
     *
     * @param to the unit's plane, zero where nothing is written
     * @param row the row in the file's layout
     * @param lane of the row in its group of 32
     * @param group of the row in the unit
     */
    void pack(Plane plane, MemorySegment to, MemorySegment row, BlockOrder order, int groups, int lane, int group) {
        TensorType type = TensorType.valueOf(name());
        int blocks = Math.toIntExact(row.byteSize() / type.blockBytes() * type.blockElements() / 32);
        int slots = order.slots();
        if (plane == Plane.SCALES_OF_256) {
            for (int cell = 0; cell < blocks / BLOCKS_OF_256; cell++) {
                packScalesOf256(to, at(plane, slots, groups, cell, lane, group), row, (long) cell * type.blockBytes());
            }
            return;
        }
        for (int block = 0; block < blocks; block++) {
            long out = at(plane, slots, groups, order.slotOf(block), lane, group);
            long from = (long) (block * 32 / type.blockElements()) * type.blockBytes();
            int part = block % BLOCKS_OF_256;
            switch (plane) {
                case LOW_BITS -> packLowBits(to, out, row, from, part);
                case HIGH_BITS -> packHighBits(to, out, row, from, part);
                default -> packScales(to, out, row, from, part);
            }
        }
    }

    private void packLowBits(MemorySegment to, long out, MemorySegment row, long at, int part) {
        switch (this) {
            case Q8_0 -> {
                MemorySegment.copy(row, at + 2, to, out, 16);
                MemorySegment.copy(row, at + 18, to, out + 16L * ROWS, 16);
            }
            case Q4_0, IQ4_NL -> MemorySegment.copy(row, at + 2, to, out, 16);
            case Q4_1 -> MemorySegment.copy(row, at + 4, to, out, 16);
            case Q5_0 -> MemorySegment.copy(row, at + 6, to, out, 16);
            case Q5_1 -> MemorySegment.copy(row, at + 8, to, out, 16);
            case IQ4_XS -> MemorySegment.copy(row, at + 8 + 16L * part, to, out, 16);
            case Q4_K -> nibbles(to, out, row, at + 16 + 32L * (part / 2), 4 * (part % 2));
            case Q5_K -> nibbles(to, out, row, at + 48 + 32L * (part / 2), 4 * (part % 2));
            case Q6_K -> nibbles(to, out, row, at + 64L * (part / 4) + 32L * (part % 2), 4 * (part % 4 / 2));
            case Q2_K -> pairs(to, out, row, at + 16 + 32L * (part / 4), 2 * (part % 4));
            case Q3_K -> pairs(to, out, row, at + 32 + 32L * (part / 4), 2 * (part % 4));
        }
    }

    private void packHighBits(MemorySegment to, long out, MemorySegment row, long at, int part) {
        switch (this) {
            case Q5_0 -> to.set(INT, out, spread(row.get(INT, at + 2)));
            case Q5_1 -> to.set(INT, out, spread(row.get(INT, at + 4)));
            case Q5_K -> to.set(INT, out, bits(row, at + 16, part));
            case Q3_K -> to.set(INT, out, bits(row, at, part));
            case Q6_K -> pairs(to, out, row, at + 128 + 32L * (part / 4), 2 * (part % 4));
            default -> throw new IllegalArgumentException("expected a type with upper bits, found " + this);
        }
    }

    private void packScales(MemorySegment to, long out, MemorySegment row, long at, int part) {
        switch (this) {
            case Q8_0, Q4_0, Q5_0, IQ4_NL -> to.set(FLOAT, out, half(row, at));
            case Q4_1, Q5_1 -> to.set(INT, out, row.get(INT, at));
            case IQ4_XS -> {
                int low = unsigned(row, at + 4 + part / 2) >> 4 * (part % 2) & 15;
                int high = row.get(SHORT, at + 2) >> 2 * part & 3;
                to.set(SHORT, out, (short) ((low | high << 4) - 32 & 0xff));
            }
            case Q4_K, Q5_K -> to.set(SHORT, out, scaleAndMinimum(row, at + 4, part));
            case Q6_K -> to.set(SHORT, out, row.get(SHORT, at + 192 + 2L * part));
            case Q3_K -> {
                int first = q3Factor(row, at + 96, 2 * part) & 0xff;
                to.set(SHORT, out, (short) (first | q3Factor(row, at + 96, 2 * part + 1) << 8));
            }
            case Q2_K -> {
                int first = unsigned(row, at + 2L * part);
                int second = unsigned(row, at + 2L * part + 1);
                int factors = first & 15 | (second & 15) << 4;
                to.set(SHORT, out, (short) (factors | (first >> 4) << 8 | (second >> 4) << 12));
            }
        }
    }

    /** The scale of 256 weights, and the negative of the scale of their minima. */
    private void packScalesOf256(MemorySegment to, long out, MemorySegment row, long at) {
        int[] halves = TensorType.valueOf(name()).halves();
        to.set(FLOAT, out, half(row, at + halves[0]));
        if (scales == Scales.TWO_OF_256) {
            to.set(FLOAT, out + 4, -half(row, at + halves[1]));
        }
    }

    /** 32 bytes with a nibble each, to 16 bytes with elements i and i + 16. */
    private static void nibbles(MemorySegment to, long out, MemorySegment row, long at, int shift) {
        for (int i = 0; i < 16; i += 8) {
            long low = row.get(LONG, at + i) >>> shift & LOW_NIBBLES;
            long high = row.get(LONG, at + 16 + i) >>> shift & LOW_NIBBLES;
            to.set(LONG, out + i, low | high << 4);
        }
    }

    /** Two bits of each of 32 bytes, to two words: elements 4i to 4i + 3 of sixteen in the bytes of one, shifted by 2i. */
    private static void pairs(MemorySegment to, long out, MemorySegment row, long at, int shift) {
        for (int word = 0; word < 2; word++) {
            int packed = 0;
            for (int i = 0; i < 4; i++) {
                packed |= (row.get(INT, at + 16 * word + 4 * i) >>> shift & 0x03030303) << 2 * i;
            }
            to.set(INT, out + 4 * word, packed);
        }
    }

    /** Bit {@code shift} of each of 32 bytes, elements 4i to 4i + 3 in the bytes of a word, shifted by i. */
    private static int bits(MemorySegment row, long at, int shift) {
        int packed = 0;
        for (int i = 0; i < 8; i++) {
            packed |= (row.get(INT, at + 4 * i) >>> shift & 0x01010101) << i;
        }
        return packed;
    }

    /** The same of a word that has element e's bit at e. */
    private static int spread(int word) {
        int packed = 0;
        for (int i = 0; i < 8; i++) {
            int four = word >>> 4 * i & 15;
            packed |= ((four * 0x00204081) & 0x01010101) << i;
        }
        return packed;
    }

    /** Factor and minimum of six bits: eight of each in twelve bytes. */
    private static short scaleAndMinimum(MemorySegment row, long at, int part) {
        if (part < 4) {
            return (short) (unsigned(row, at + part) & 63 | (unsigned(row, at + part + 4) & 63) << 8);
        }
        int both = unsigned(row, at + part + 4);
        int factor = both & 15 | unsigned(row, at + part - 4) >> 6 << 4;
        int minimum = both >> 4 | unsigned(row, at + part) >> 6 << 4;
        return (short) (factor | minimum << 8);
    }

    /** Sixteen factors of six bits: four low bits in the halves of eight bytes, two upper ones in four bytes. */
    private static int q3Factor(MemorySegment row, long at, int i) {
        int low = unsigned(row, at + i % 8) >> 4 * (i / 8) & 15;
        int high = unsigned(row, at + 8 + i % 4) >> 2 * (i / 4) & 3;
        return (low | high << 4) - 32;
    }

    private static int unsigned(MemorySegment row, long at) {
        return row.get(BYTE, at) & 0xff;
    }

    private static float half(MemorySegment row, long at) {
        return Ig1.fromHalf(row.get(SHORT, at));
    }
}
