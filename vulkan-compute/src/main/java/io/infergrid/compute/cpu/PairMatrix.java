package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.BYTES;
import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.FLOATS;
import static io.infergrid.compute.cpu.Lanes.GROUP;
import static io.infergrid.compute.cpu.Lanes.ORDER;
import static io.infergrid.compute.cpu.Lanes.SHORTS;
import static io.infergrid.compute.cpu.PairKernels.WIDTH;
import static io.infergrid.compute.cpu.PairLayout.PAIRS;
import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.cpu.PairLayout.Field;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.gguf.WeightBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/**
 * A matrix of a type with 2 to 6 bits a weight. A group is two strips of {@link Lanes#COUNT} rows, a vector of them. A strip is its
 * superblocks in the order of the columns, and is read from its beginning to its end: a superblock has its header,
 * [halves][rows], then for each block its factors, [bytes][rows], and its words, [words][rows][even, odd columns], by
 * {@link PairLayout}. That is the size of the file, and at most 4 % more where the file packs factors in 6 bits.
 */
final class PairMatrix extends QuantisedMatrix {

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private final TensorType type;
    private final PairLayout layout;
    /** Bytes of a strip's superblock's header, of a block's factors, of a block with them, of a superblock and of the strip. */
    private final int headerBytes;

    private final int factorBytes;
    private final int blockBytes;
    private final long superBytes;
    private final long stripBytes;

    PairMatrix(GgufTensor tensor, Arena arena) {
        super(tensor, groupBytes(PairLayout.of(tensor.type()), tensor.columns() / BLOCK), arena);
        type = tensor.type();
        layout = PairLayout.of(type);
        headerBytes = 2 * layout.headerHalves() * COUNT;
        factorBytes = layout.factorBytes() * COUNT;
        blockBytes = factorBytes + 4 * layout.words() * COUNT;
        superBytes = headerBytes + (long) layout.superBlocks() * blockBytes;
        stripBytes = blocks / layout.superBlocks() * superBytes;
    }

    private static long groupBytes(PairLayout layout, long blocks) {
        long bytesOfRow = blocks / layout.superBlocks() * 2 * layout.headerHalves()
                + blocks * (layout.factorBytes() + 4L * layout.words());
        return bytesOfRow * GROUP;
    }

    /** Where the strip that a lane of a group is in has a block's header. */
    private long headerAt(int group, int lane, int block) {
        return group * groupBytes + lane / COUNT * stripBytes + block / layout.superBlocks() * superBytes;
    }

    private long factorsAt(int group, int lane, int block) {
        return headerAt(group, lane, block) + headerBytes + (long) (block % layout.superBlocks()) * blockBytes;
    }

    private long wordsAt(int group, int lane, int block) {
        return factorsAt(group, lane, block) + factorBytes;
    }

    @Override
    Form form() {
        return Form.PAIRS;
    }

    @Override
    int wordBits() {
        return layout.table() ? 0 : layout.bits();
    }

    @Override
    void pack(GgufTensor tensor, int from, int to) {
        var weights = new WeightBlock();
        var fields = new ArrayList<List<Field>>();
        for (int pair = 0; pair < PAIRS; pair++) {
            fields.add(layout.fields(pair));
        }
        var words = new short[layout.words() * 2];
        long rowBytes = type.rowBytes(columns);
        for (int group = from; group < to; group++) {
            for (int lane = 0; lane < rowsIn(group); lane++) {
                long row = ((long) group * GROUP + lane) * rowBytes;
                for (int block = 0; block < blocks; block++) {
                    if (block % layout.superBlocks() == 0) {
                        packHeader(tensor, group, lane, block);
                    }
                    weights.read(type, tensor.data(), row, block);
                    packFactors(weights, tensor.data(), row, block, factorsAt(group, lane, block) + lane % COUNT);
                    packWords(weights, fields, words);
                    long at = wordsAt(group, lane, block) + 4L * (lane % COUNT);
                    for (int word = 0; word < layout.words(); word++) {
                        data.set(HALF, at + 4L * COUNT * word, words[2 * word]);
                        data.set(HALF, at + 4L * COUNT * word + 2, words[2 * word + 1]);
                    }
                }
            }
        }
    }

    private void packHeader(GgufTensor tensor, int group, int lane, int block) {
        int[] halves = type.halves();
        long row = (long) group * GROUP + lane;
        long source = row * type.rowBytes(columns) + (long) (block / layout.superBlocks()) * type.blockBytes();
        for (int i = 0; i < halves.length; i++) {
            short half = tensor.data().get(HALF, source + halves[i]);
            if (Ig1.isHalfNotFinite(half)) {
                throw notFinite(tensor, row);
            }
            data.set(HALF, headerAt(group, lane, block) + 2L * (i * COUNT + lane % COUNT), half);
        }
    }

    /** A row's words of a block: [words][even, odd columns]. */
    private void packWords(WeightBlock weights, List<List<Field>> fields, short[] words) {
        Arrays.fill(words, (short) 0);
        for (int i = 0; i < BLOCK; i++) {
            int bits = bits(weights.q(i));
            List<Field> places = fields.get(i / 2);
            for (int f = 0; f < places.size(); f++) {
                Field field = places.get(f);
                words[2 * field.word() + i % 2] |=
                        (short) ((bits >> field.place() & (1 << field.bits()) - 1) << field.shift());
            }
        }
    }

    /** What is stored of a weight; {@link #q} is its inverse. */
    private int bits(int q) {
        if (layout.table()) {
            return PairLayout.INDEX[q + 127];
        }
        return layout.offset() ? q : q + layout.centre();
    }

    private int q(int bits) {
        if (layout.table()) {
            return PairLayout.NON_LINEAR[bits];
        }
        return layout.offset() ? bits : bits - layout.centre();
    }

    /** A row's factors of a block; those of one kind are a strip's rows apart. */
    private void packFactors(WeightBlock weights, MemorySegment source, long row, int block, long to) {
        if (layout.factorBytes() == 0) {
            return;
        }
        long at = row + (long) (block / layout.superBlocks()) * type.blockBytes();
        int part = block % layout.superBlocks();
        switch (type) {
            case Q4_K, Q5_K -> {
                data.set(BYTE, to, (byte) sixBits(source, at + 4, part, false));
                data.set(BYTE, to + COUNT, (byte) sixBits(source, at + 4, part, true));
            }
            case IQ4_XS -> {
                int low = source.get(BYTE, at + 4 + part / 2) >> 4 * (part % 2) & 15;
                int high = source.get(HALF, at + 2) >> 2 * part & 3;
                data.set(BYTE, to, (byte) ((low | high << 4) - 32));
            }
            default -> {
                for (int half = 0; half < 2; half++) {
                    int both = weights.factor(half) | weights.offsetFactor(half) << 4;
                    data.set(BYTE, to + (long) half * COUNT, (byte) (layout.offset() ? both : weights.factor(half)));
                }
            }
        }
    }

    /** A scale's or minimum's factor of Q4_K and Q5_K: for the first four blocks six bits of a byte, then four and two. */
    private static int sixBits(MemorySegment source, long packed, int part, boolean minimum) {
        if (part < 4) {
            return source.get(BYTE, packed + part + (minimum ? 4 : 0)) & 63;
        }
        int both = source.get(BYTE, packed + part + 4) & 0xff;
        int upper = source.get(BYTE, packed + part - (minimum ? 0 : 4)) >> 6 & 3;
        return (minimum ? both >> 4 : both & 15) | upper << 4;
    }

    @Override
    float element(int row, int column) {
        int group = row / GROUP;
        int lane = row % GROUP;
        int block = column / BLOCK;
        int half = column % BLOCK / (BLOCK / 2);
        long header = headerAt(group, lane, block) + 2L * (lane % COUNT);
        long factors = factorsAt(group, lane, block) + lane % COUNT;
        float scale = half(header);
        float offset = layout.offset() ? half(header + 2L * COUNT) : 0f;
        int factor = 1;
        int offsetFactor = 1;
        switch (type) {
            case Q4_K, Q5_K -> {
                scale = scale * data.get(BYTE, factors);
                offset = -(offset * data.get(BYTE, factors + COUNT));
            }
            case IQ4_XS -> scale = scale * data.get(BYTE, factors);
            case Q3_K, Q6_K -> factor = data.get(BYTE, factors + half * COUNT);
            case Q2_K -> {
                int both = data.get(BYTE, factors + half * COUNT);
                offset = -offset;
                factor = both & 15;
                offsetFactor = both >> 4 & 15;
            }
            default -> {}
        }
        long words = wordsAt(group, lane, block) + 4L * (lane % COUNT);
        float product = scale * (factor * q(storedBits(words, column % BLOCK)));
        return offset == 0 ? product : product + offset * offsetFactor;
    }

    private int storedBits(long words, int i) {
        int bits = 0;
        for (Field field : layout.fields(i / 2)) {
            int word = data.get(HALF, words + 4L * COUNT * field.word() + 2L * (i % 2));
            bits |= (word >> field.shift() & (1 << field.bits()) - 1) << field.place();
        }
        return bits;
    }

    private float half(long at) {
        return Ig1.fromHalf(data.get(HALF, at));
    }

    @Override
    void lanes(Activations x, int position, int group, Scratch scratch) {
        Arrays.fill(scratch.lanes, 0f);
        strip(x, position, group * groupBytes, scratch, 0);
        strip(x, position, group * groupBytes + stripBytes, scratch, COUNT);
    }

    /** A strip's sums for one position to every other {@code COUNT} of the lanes. */
    private void strip(Activations x, int position, long at, Scratch scratch, int to) {
        float[] lanes = scratch.lanes;
        float[] supers = scratch.supers;
        float[] lows = x.lows;
        float[] xs = x.scales;
        int xsFrom = position * blocks;
        if (layout.table()) {
            boolean factored = layout.factorBytes() > 0;
            RowKernels.indices(data, at, blocks, factored, x.pairs, xsFrom * PAIRS, xs, xsFrom, supers, lanes, to);
            return;
        }
        int[] w = x.words(layout.bits());
        int from = xsFrom * WordWeights.of(layout.bits()).perBlock();
        int supersOf = layout.superBlocks();
        boolean factored = layout.factorBytes() > 0;
        switch (layout.bits()) {
            case 2 -> RowKernels.twos(data, at, blocks, w, from, xs, xsFrom, lows, supers, lanes, to);
            case 3 -> RowKernels.threes(data, at, blocks, w, from, xs, xsFrom, supers, lanes, to);
            case 4 -> {
                if (layout.offset()) {
                    RowKernels.foursWithOffset(
                            data, at, blocks, supersOf, factored, w, from, xs, xsFrom, lows, supers, lanes, to);
                } else {
                    RowKernels.fours(data, at, blocks, w, from, xs, xsFrom, lanes, to);
                }
            }
            case 5 -> {
                if (layout.offset()) {
                    RowKernels.fivesWithOffset(
                            data, at, blocks, supersOf, factored, w, from, xs, xsFrom, lows, supers, lanes, to);
                } else {
                    RowKernels.fives(data, at, blocks, w, from, xs, xsFrom, lanes, to);
                }
            }
            default -> RowKernels.sixes(data, at, blocks, w, from, xs, xsFrom, supers, lanes, to);
        }
    }

    @Override
    void unpack(int group, int block, Scratch scratch) {
        for (int lane = 0; lane < GROUP; lane += COUNT) {
            unpackScales(group, lane, block, scratch);
            unpackWords(wordsAt(group, lane, block), scratch.pairs, 2 * lane);
        }
        if (layout.table()) {
            PairKernels.lookUp(scratch.pairs, PAIRS * WIDTH);
        }
    }

    private void unpackWords(long words, short[] w, int to) {
        switch (layout.bits()) {
            case 2 -> PairKernels.unpackTwos(data, words, layout.centre(), w, to);
            case 3 -> PairKernels.unpackThrees(data, words, layout.centre(), w, to);
            case 4 -> PairKernels.unpackFours(data, words, layout.centre(), w, to);
            case 5 -> PairKernels.unpackFives(data, words, layout.centre(), w, to);
            default -> PairKernels.unpackSixes(data, words, layout.centre(), w, to);
        }
    }

    @Override
    void addTile(Activations x, int at, Scratch scratch, float[] sums, int sumsFrom) {
        int values = at * PAIRS;
        short[] w = scratch.pairs;
        short[] dots = scratch.pairDots;
        int second = Activations.TILE * WIDTH;
        if (layout.halves()) {
            tile(w, 0, PAIRS / 2, x.pairs, values, dots, 0);
            tile(w, PAIRS / 2 * WIDTH, PAIRS / 2, x.pairs, values + PAIRS / 2 * Activations.TILE, dots, second);
        } else {
            tile(w, 0, PAIRS, x.pairs, values, dots, 0);
            if (layout.table()) {
                tile(w, PAIRS * WIDTH, PAIRS, x.pairs, values, dots, second);
            }
        }
        addTerms(x, at, scratch, sums, sumsFrom);
    }

    private static void tile(short[] w, int wFrom, int pairs, int[] x, int xFrom, short[] dots, int dotsFrom) {
        if (Lanes.FEW_REGISTERS) {
            PairKernels.halfTile(w, wFrom, pairs, x, xFrom, dots, dotsFrom);
            PairKernels.halfTile(w, wFrom, pairs, x, xFrom + 4, dots, dotsFrom + 4 * WIDTH);
        } else {
            PairKernels.tile(w, wFrom, pairs, x, xFrom, dots, dotsFrom);
        }
    }

    private void addTerms(Activations x, int at, Scratch scratch, float[] sums, int sumsFrom) {
        short[] dots = scratch.pairDots;
        float[] factors = scratch.factors;
        float[] scales = scratch.scales;
        float[] offsets = scratch.offsets;
        if (layout.dots() == 2) {
            if (layout.offset()) {
                PairKernels.addTermsOfHalvesWithOffset(
                        dots, factors, scales, offsets, x.scales, at, x.lows, 2 * at, sums, sumsFrom);
            } else {
                PairKernels.addTermsOfHalves(dots, factors, scales, x.scales, at, sums, sumsFrom);
            }
        } else if (layout.offset()) {
            PairKernels.addTermsWithOffset(
                    dots, layout.centre(), scales, offsets, x.scales, at, x.lows, 2 * at, sums, sumsFrom);
        } else {
            PairKernels.addTerms(dots, scales, x.scales, at, sums, sumsFrom);
        }
    }

    /** A block's scales, offsets and factors for the strip that begins at a lane, as floats. */
    private void unpackScales(int group, int lane, int block, Scratch scratch) {
        long header = headerAt(group, lane, block);
        long factors = factorsAt(group, lane, block);
        switch (type) {
            case Q4_K, Q5_K -> {
                scale(header).mul(factor(factors)).intoArray(scratch.scales, lane);
                scale(header + 2L * COUNT).mul(factor(factors + COUNT)).neg().intoArray(scratch.offsets, lane);
            }
            case Q3_K, Q6_K -> {
                scale(header).intoArray(scratch.scales, lane);
                factor(factors).intoArray(scratch.factors, lane);
                factor(factors + COUNT).intoArray(scratch.factors, GROUP + lane);
            }
            case Q2_K -> {
                scale(header).intoArray(scratch.scales, lane);
                scale(header + 2L * COUNT).neg().intoArray(scratch.offsets, lane);
                unpackNibbles(factors, scratch.factors, lane);
                unpackNibbles(factors + COUNT, scratch.factors, GROUP + lane);
            }
            case IQ4_XS -> scale(header).mul(factor(factors)).intoArray(scratch.scales, lane);
            default -> {
                scale(header).intoArray(scratch.scales, lane);
                if (layout.offset()) {
                    scale(header + 2L * COUNT).intoArray(scratch.offsets, lane);
                }
            }
        }
        if (layout.table()) {
            Arrays.fill(scratch.factors, lane, lane + COUNT, 8f);
            Arrays.fill(scratch.factors, GROUP + lane, GROUP + lane + COUNT, 1f);
        }
    }

    private FloatVector scale(long at) {
        return Lanes.fromHalf(ShortVector.fromMemorySegment(SHORTS, data, at, ORDER));
    }

    private FloatVector factor(long at) {
        return (FloatVector)
                ByteVector.fromMemorySegment(BYTES, data, at, ORDER).convertShape(B2F, FLOATS, 0);
    }

    /** Bytes' lower halves as floats, and two groups after them the upper ones. */
    private void unpackNibbles(long at, float[] out, int to) {
        ByteVector both = ByteVector.fromMemorySegment(BYTES, data, at, ORDER);
        ((FloatVector) both.and((byte) 15).convertShape(B2F, FLOATS, 0)).intoArray(out, to);
        ((FloatVector) both.lanewise(LSHR, 4).and((byte) 15).convertShape(B2F, FLOATS, 0))
                .intoArray(out, to + 2 * GROUP);
    }
}
