package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.BYTES;
import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.FLOATS;
import static io.infergrid.compute.cpu.Lanes.GROUP;
import static io.infergrid.compute.cpu.Lanes.ORDER;
import static io.infergrid.compute.cpu.Lanes.SHORTS;
import static io.infergrid.compute.cpu.PairKernels.RUN;
import static io.infergrid.compute.cpu.PairKernels.WIDTH;
import static io.infergrid.compute.cpu.PairLayout.PAIRS;
import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.gguf.WeightBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/**
 * A matrix of a type with 2 to 6 bits a weight. A group is a row of runs of up to {@link PairKernels#RUN} blocks in the order of
 * the columns, and is read from its beginning to its end: a run has its headers, [superblocks][halves][rows], then the factors
 * of its blocks, [blocks][bytes][rows], then their words, [blocks], by {@link PairLayout}. That is the size of the file, and at
 * most 4 % more where the file packs factors in 6 bits.
 */
final class PairMatrix extends QuantisedMatrix {

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private final TensorType type;
    private final PairLayout layout;
    /** Bytes of a superblock's header, of a block's factors and of a block's words. */
    private final int headerBytes;

    private final int factorBytes;
    private final int wordBytes;
    private final long runBytes;

    PairMatrix(GgufTensor tensor, Arena arena) {
        super(tensor, bytes(PairLayout.of(tensor.type()), tensor.columns() / BLOCK), arena);
        type = tensor.type();
        layout = PairLayout.of(type);
        headerBytes = headerBytes(layout);
        factorBytes = layout.factorBytes() * GROUP;
        wordBytes = 2 * layout.words() * WIDTH;
        runBytes = bytes(layout, RUN);
    }

    private static int headerBytes(PairLayout layout) {
        return 2 * layout.headerHalves() * GROUP;
    }

    /** Bytes of a group's blocks. */
    private static long bytes(PairLayout layout, long blocks) {
        return blocks / layout.superBlocks() * headerBytes(layout)
                + blocks * (layout.factorBytes() * GROUP + 2L * layout.words() * WIDTH);
    }

    private long runAt(int group, int block) {
        return group * groupBytes + block / RUN * runBytes;
    }

    private long headerAt(int group, int block) {
        return runAt(group, block) + (long) (block % RUN / layout.superBlocks()) * headerBytes;
    }

    private long factorsAt(int group, int block) {
        return runAt(group, block)
                + (long) (blocksOfRun(block) / layout.superBlocks()) * headerBytes
                + (long) (block % RUN) * factorBytes;
    }

    private long wordsAt(int group, int block) {
        int count = blocksOfRun(block);
        return runAt(group, block)
                + (long) (count / layout.superBlocks()) * headerBytes
                + (long) count * factorBytes
                + (long) (block % RUN) * wordBytes;
    }

    /** Blocks of the run that a block is in; only a row's last run can have fewer than the others. */
    private int blocksOfRun(int block) {
        return Math.min(RUN, blocks - block / RUN * RUN);
    }

    @Override
    Form form() {
        return Form.PAIRS;
    }

    @Override
    void pack(GgufTensor tensor, int from, int to) {
        var weights = new WeightBlock();
        var places = new Places(layout);
        var words = new short[layout.words() * WIDTH];
        var factors = new byte[layout.factorBytes() * GROUP];
        long rowBytes = type.rowBytes(columns);
        for (int group = from; group < to; group++) {
            Arrays.fill(factors, (byte) 0);
            for (int block = 0; block < blocks; block++) {
                if (block % layout.superBlocks() == 0) {
                    packHeaders(tensor, group, block);
                }
                Arrays.fill(words, (short) 0);
                for (int lane = 0; lane < rowsIn(group); lane++) {
                    long row = ((long) group * GROUP + lane) * rowBytes;
                    weights.read(type, tensor.data(), row, block);
                    packWords(weights, places, words, lane);
                    packFactors(weights, tensor.data(), row, block, factors, lane);
                }
                MemorySegment.copy(factors, 0, data, BYTE, factorsAt(group, block), factors.length);
                MemorySegment.copy(words, 0, data, HALF, wordsAt(group, block), words.length);
            }
        }
    }

    private void packHeaders(GgufTensor tensor, int group, int block) {
        int[] halves = type.halves();
        long rowBytes = type.rowBytes(columns);
        for (int lane = 0; lane < rowsIn(group); lane++) {
            long row = (long) group * GROUP + lane;
            long source = row * rowBytes + (long) (block / layout.superBlocks()) * type.blockBytes();
            for (int i = 0; i < halves.length; i++) {
                short half = tensor.data().get(HALF, source + halves[i]);
                if (Ig1.isHalfNotFinite(half)) {
                    throw notFinite(tensor, row);
                }
                data.set(HALF, headerAt(group, block) + 2L * (i * GROUP + lane), half);
            }
        }
    }

    /** Where the bits of each of a block's weights go in the words of row 0 of a group's two vectors of rows. */
    private static final class Places {
        final int[] low = new int[BLOCK];
        final int[] lowShift = new int[BLOCK];
        final int[] high = new int[BLOCK];
        final int[] highShift = new int[BLOCK];
        /** From a word of the first vector of rows to that of the second. */
        final int lowStep;

        final int highStep;

        Places(PairLayout layout) {
            for (int i = 0; i < BLOCK; i++) {
                int pair = i / 2;
                low[i] = layout.vector(layout.lowWord(pair), 0) * 2 * COUNT + i % 2;
                lowShift[i] = layout.lowShift(pair);
                if (layout.highBits() > 0) {
                    high[i] = layout.vector(layout.highWord(pair), 0) * 2 * COUNT + i % 2;
                    highShift[i] = layout.highShift(pair);
                }
            }
            lowStep = (layout.vector(0, 1) - layout.vector(0, 0)) * 2 * COUNT;
            highStep = layout.highBits() == 0
                    ? 0
                    : (layout.vector(layout.lowWords(), 1) - layout.vector(layout.lowWords(), 0)) * 2 * COUNT;
        }
    }

    private void packWords(WeightBlock weights, Places places, short[] words, int lane) {
        int lowBits = layout.lowBits();
        int lowMask = (1 << lowBits) - 1;
        int low = lane / COUNT * places.lowStep + 2 * (lane % COUNT);
        for (int i = 0; i < BLOCK; i++) {
            words[low + places.low[i]] |= (short) ((bits(weights.q(i)) & lowMask) << places.lowShift[i]);
        }
        if (layout.highBits() > 0) {
            int high = lane / COUNT * places.highStep + 2 * (lane % COUNT);
            for (int i = 0; i < BLOCK; i++) {
                words[high + places.high[i]] |= (short) (bits(weights.q(i)) >> lowBits << places.highShift[i]);
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

    private void packFactors(WeightBlock weights, MemorySegment source, long row, int block, byte[] factors, int lane) {
        if (layout.factorBytes() == 0) {
            return;
        }
        long at = row + (long) (block / layout.superBlocks()) * type.blockBytes();
        int part = block % layout.superBlocks();
        int both;
        switch (type) {
            case Q4_K, Q5_K -> {
                factors[lane] = (byte) sixBits(source, at + 4, part, false);
                factors[GROUP + lane] = (byte) sixBits(source, at + 4, part, true);
            }
            case IQ4_XS -> {
                both = source.get(BYTE, at + 4 + part / 2) >> 4 * (part % 2) & 15;
                factors[lane] = (byte) ((both | (source.get(HALF, at + 2) >> 2 * part & 3) << 4) - 32);
            }
            default -> {
                for (int half = 0; half < 2; half++) {
                    both = weights.factor(half) | weights.offsetFactor(half) << 4;
                    factors[half * GROUP + lane] = (byte) (layout.offset() ? both : weights.factor(half));
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
        long header = headerAt(group, block);
        long at = factorsAt(group, block);
        float scale = half(header + 2L * lane);
        float offset = layout.offset() ? half(header + 2L * (GROUP + lane)) : 0f;
        int factor = 1;
        int offsetFactor = 1;
        switch (type) {
            case Q4_K, Q5_K -> {
                scale = scale * data.get(BYTE, at + lane);
                offset = -(offset * data.get(BYTE, at + GROUP + lane));
            }
            case IQ4_XS -> scale = scale * data.get(BYTE, at + lane);
            case Q3_K, Q6_K -> factor = data.get(BYTE, at + half * GROUP + lane);
            case Q2_K -> {
                offset = -offset;
                factor = data.get(BYTE, at + half * GROUP + lane) & 15;
                offsetFactor = data.get(BYTE, at + half * GROUP + lane) >> 4 & 15;
            }
            default -> {}
        }
        float product = scale * (factor * q(storedBits(wordsAt(group, block), column % BLOCK, lane)));
        return offset == 0 ? product : product + offset * offsetFactor;
    }

    private int storedBits(long words, int i, int lane) {
        int pair = i / 2;
        long at = words + 2L * (2 * (lane % COUNT) + i % 2);
        int low = data.get(HALF, at + 4L * COUNT * layout.vector(layout.lowWord(pair), lane / COUNT))
                        >> layout.lowShift(pair)
                & (1 << layout.lowBits()) - 1;
        if (layout.highBits() == 0) {
            return low;
        }
        int high = data.get(HALF, at + 4L * COUNT * layout.vector(layout.highWord(pair), lane / COUNT))
                        >> layout.highShift(pair)
                & layout.highMask();
        return low | high << layout.lowBits();
    }

    private float half(long at) {
        return Ig1.fromHalf(data.get(HALF, at));
    }

    @Override
    void lanes(Activations x, int position, int group, Scratch scratch) {
        Arrays.fill(scratch.lanes, 0f);
        scratch.superBlock = -1;
        if (layout.lowBits() == 4 && !layout.table()) {
            for (int block = 0; block < blocks; block += RUN) {
                run(x, position, group, block, scratch);
            }
        } else {
            for (int block = 0; block < blocks; block++) {
                unpacked(x, position, group, block, scratch);
            }
        }
    }

    /** Blocks of nibbles, with or without further bits, straight from their words. */
    private void run(Activations x, int position, int group, int block, Scratch scratch) {
        int count = Math.min(RUN, blocks - block);
        runScales(group, block, count, scratch);
        long words = wordsAt(group, block);
        int xs = position * blocks + block;
        int values = xs * PAIRS;
        int lanes = block % 32 * GROUP;
        short[] dots = scratch.pairDots;
        int centre = layout.centre();
        switch (layout.highBits()) {
            case 0 -> PairKernels.nibbles(data, words, count, x.pairs, values, centre, x.pairSums, 2 * xs, dots);
            case 1 -> PairKernels.nibblesAndBit(data, words, count, x.pairs, values, centre, x.pairSums, 2 * xs, dots);
            default ->
                PairKernels.nibblesAndTwoBits(data, words, count, x.pairs, values, centre, x.pairSums, 2 * xs, dots);
        }
        float[] scales = scratch.scales;
        float[] sums = scratch.lanes;
        if (layout.halves()) {
            PairKernels.runTermsOfHalves(count, dots, scratch.factors, scales, x.scales, xs, sums, lanes);
        } else if (layout.offset()) {
            PairKernels.runTermsWithOffset(
                    count, dots, centre, scales, scratch.offsets, x.scales, xs, x.lows, sums, lanes);
        } else {
            PairKernels.runTerms(count, dots, scales, x.scales, xs, sums, lanes);
        }
    }

    /** The scales, offsets and factors of a run of blocks as floats: what {@link #scales} does for one, with fewer steps. */
    private void runScales(int group, int block, int count, Scratch scratch) {
        long header = headerAt(group, block);
        if (layout.superBlocks() == 1) {
            runHalves(header, count, headerBytes, scratch.scales);
            if (layout.offset()) {
                runHalves(header + 2L * GROUP, count, headerBytes, scratch.offsets);
            }
            return;
        }
        long factors = factorsAt(group, block);
        widenHalves(header, scratch.superScales, 0);
        if (layout.halves()) {
            for (int i = 0; i < count; i++) {
                System.arraycopy(scratch.superScales, 0, scratch.scales, i * GROUP, GROUP);
            }
            runBytes(factors, 2 * count * GROUP, scratch.factors);
        } else {
            widenHalves(header + 2L * GROUP, scratch.superOffsets, 0);
            runProducts(factors, count, scratch.superScales, scratch.scales);
            negate(scratch.superOffsets, scratch.superOffsets);
            runProducts(factors + GROUP, count, scratch.superOffsets, scratch.offsets);
        }
    }

    private void runHalves(long at, int count, int stride, float[] out) {
        for (int i = 0; i < count * GROUP; i += COUNT) {
            long from = at + (long) (i / GROUP) * stride + 2L * (i % GROUP);
            Lanes.fromHalf(ShortVector.fromMemorySegment(SHORTS, data, from, ORDER))
                    .intoArray(out, i);
        }
    }

    private void runBytes(long at, int n, float[] out) {
        for (int i = 0; i < n; i += COUNT) {
            ((FloatVector) ByteVector.fromMemorySegment(BYTES, data, at + i, ORDER)
                            .convertShape(B2F, FLOATS, 0))
                    .intoArray(out, i);
        }
    }

    /** {@code out[block][row] = x[row] * factor[block][row]}; a block's factors are two times GROUP apart. */
    private void runProducts(long factors, int count, float[] x, float[] out) {
        for (int i = 0; i < count * GROUP; i += COUNT) {
            int row = i % GROUP;
            FloatVector factor = (FloatVector) ByteVector.fromMemorySegment(BYTES, data, factors + 2L * i - row, ORDER)
                    .convertShape(B2F, FLOATS, 0);
            Lanes.load(x, row).mul(factor).intoArray(out, i);
        }
    }

    /** A block of another type, unpacked before it is multiplied. */
    private void unpacked(Activations x, int position, int group, int block, Scratch scratch) {
        scales(group, block, scratch, 0);
        unpackWords(wordsAt(group, block), scratch);
        int at = position * blocks + block;
        int values = at * PAIRS;
        short[] w = scratch.pairs;
        short[] dots = scratch.pairDots;
        int second = Activations.TILE * WIDTH;
        if (layout.halves()) {
            PairKernels.row(w, 0, PAIRS / 2, x.pairs, values, dots, 0);
            PairKernels.row(w, PAIRS / 2 * WIDTH, PAIRS / 2, x.pairs, values + PAIRS / 2, dots, second);
        } else {
            PairKernels.row(w, 0, PAIRS, x.pairs, values, dots, 0);
            PairKernels.row(w, PAIRS * WIDTH, PAIRS, x.pairs, values, dots, second);
        }
        addTerms(1, x, at, 2 * at, 1, scratch, scratch.lanes, block % 32 * GROUP);
    }

    @Override
    void unpack(int group, int block, Scratch scratch) {
        scratch.superBlock = -1;
        scales(group, block, scratch, 0);
        unpackWords(wordsAt(group, block), scratch);
    }

    private void unpackWords(long words, Scratch scratch) {
        short[] w = scratch.pairs;
        if (layout.lowBits() == 2) {
            PairKernels.unpackTwos(data, words, layout.highBits(), layout.centre(), w);
        } else if (layout.highBits() > 0) {
            PairKernels.unpackNibblesAndBits(data, words, layout.highBits(), layout.centre(), w);
        } else {
            PairKernels.unpackNibbles(data, words, layout.centre(), w);
            if (layout.table()) {
                PairKernels.lookUp(w, PAIRS * WIDTH);
            }
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
        addTerms(Activations.TILE, x, at, 2 * at, Activations.TILE, scratch, sums, sumsFrom);
    }

    private static void tile(short[] w, int wFrom, int pairs, int[] x, int xFrom, short[] dots, int dotsFrom) {
        if (Lanes.FEW_REGISTERS) {
            PairKernels.halfTile(w, wFrom, pairs, x, xFrom, dots, dotsFrom);
            PairKernels.halfTile(w, wFrom, pairs, x, xFrom + 4, dots, dotsFrom + 4 * WIDTH);
        } else {
            PairKernels.tile(w, wFrom, pairs, x, xFrom, dots, dotsFrom);
        }
    }

    private void addTerms(
            int positions,
            Activations x,
            int xsFrom,
            int lowsFrom,
            int lowsStride,
            Scratch scratch,
            float[] sums,
            int sumsFrom) {
        short[] dots = scratch.pairDots;
        if (layout.dots() == 2) {
            if (layout.offset()) {
                PairKernels.addTermsOfHalvesWithOffset(
                        positions,
                        dots,
                        scratch.factors,
                        scratch.scales,
                        scratch.offsets,
                        x.scales,
                        xsFrom,
                        x.lows,
                        lowsFrom,
                        lowsStride,
                        sums,
                        sumsFrom);
            } else {
                PairKernels.addTermsOfHalves(
                        positions, dots, scratch.factors, scratch.scales, x.scales, xsFrom, sums, sumsFrom);
            }
        } else if (layout.offset()) {
            PairKernels.addTermsWithOffset(
                    positions,
                    dots,
                    layout.centre(),
                    scratch.scales,
                    scratch.offsets,
                    x.scales,
                    xsFrom,
                    x.lows,
                    lowsFrom,
                    lowsStride,
                    sums,
                    sumsFrom);
        } else {
            PairKernels.addTerms(positions, dots, scratch.scales, x.scales, xsFrom, sums, sumsFrom);
        }
    }

    /** A block's scales, offsets and factors as floats to {@code scratch}, as the {@code i}-th of a run. */
    private void scales(int group, int block, Scratch scratch, int i) {
        long header = headerAt(group, block);
        long factors = factorsAt(group, block);
        int to = i * GROUP;
        if (layout.superBlocks() == 1) {
            widenHalves(header, scratch.scales, to);
            if (layout.offset()) {
                widenHalves(header + 2L * GROUP, scratch.offsets, to);
            }
            if (layout.table()) {
                factorsOfTable(scratch.factors);
            }
            return;
        }
        if (scratch.superBlock != header) {
            scratch.superBlock = header;
            widenHalves(header, scratch.superScales, 0);
            if (layout.offset()) {
                widenHalves(header + 2L * GROUP, scratch.superOffsets, 0);
            }
        }
        switch (type) {
            case Q4_K, Q5_K -> {
                times(factors, 1f, scratch.superScales, scratch.scales, to);
                times(factors + GROUP, -1f, scratch.superOffsets, scratch.offsets, to);
            }
            case IQ4_XS -> {
                times(factors, 1f, scratch.superScales, scratch.scales, to);
                factorsOfTable(scratch.factors);
            }
            case Q2_K -> {
                System.arraycopy(scratch.superScales, 0, scratch.scales, to, GROUP);
                negate(scratch.superOffsets, scratch.offsets);
                widenNibbles(factors, scratch.factors);
            }
            default -> {
                System.arraycopy(scratch.superScales, 0, scratch.scales, to, GROUP);
                widenBytes(factors, scratch.factors, 2 * to);
            }
        }
    }

    private void widenHalves(long at, float[] out, int to) {
        for (int row = 0; row < GROUP; row += COUNT) {
            Lanes.fromHalf(ShortVector.fromMemorySegment(SHORTS, data, at + 2L * row, ORDER))
                    .intoArray(out, to + row);
        }
    }

    /** {@code out = sign * (x * factor)}. */
    private void times(long factors, float sign, float[] x, float[] out, int to) {
        for (int row = 0; row < GROUP; row += COUNT) {
            FloatVector factor = (FloatVector) ByteVector.fromMemorySegment(BYTES, data, factors + row, ORDER)
                    .convertShape(B2F, FLOATS, 0);
            Lanes.load(x, row).mul(factor).mul(sign).intoArray(out, to + row);
        }
    }

    private void widenBytes(long factors, float[] out, int to) {
        for (int i = 0; i < 2 * GROUP; i += COUNT) {
            ((FloatVector) ByteVector.fromMemorySegment(BYTES, data, factors + i, ORDER)
                            .convertShape(B2F, FLOATS, 0))
                    .intoArray(out, to + i);
        }
    }

    private void widenNibbles(long factors, float[] out) {
        for (int i = 0; i < 2 * GROUP; i += COUNT) {
            ByteVector both = ByteVector.fromMemorySegment(BYTES, data, factors + i, ORDER);
            ((FloatVector) both.and((byte) 15).convertShape(B2F, FLOATS, 0)).intoArray(out, i);
            ((FloatVector) both.lanewise(LSHR, 4).and((byte) 15).convertShape(B2F, FLOATS, 0))
                    .intoArray(out, 2 * GROUP + i);
        }
    }

    private static void negate(float[] x, float[] out) {
        for (int row = 0; row < GROUP; row += COUNT) {
            Lanes.load(x, row).neg().intoArray(out, row);
        }
    }

    private static void factorsOfTable(float[] factors) {
        Arrays.fill(factors, 0, GROUP, 8f);
        Arrays.fill(factors, GROUP, 2 * GROUP, 1f);
    }
}
