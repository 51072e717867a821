package io.infergrid.compute.cpu;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.S2I;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The width of this machine's vectors, and the groups of rows that follow from it. All fields are constants to the
 * compiler, which the kernels need to become a few instructions.
 */
final class Lanes {

    /** Floats: the machine's preferred width, at most 512 bits. */
    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED.vectorBitSize() > 512
            ? FloatVector.SPECIES_512
            : FloatVector.SPECIES_PREFERRED;

    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());

    /** Halves or shorts, one for each float. */
    static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

    /** Shorts, two for each float. */
    static final VectorSpecies<Short> PAIRED = VectorSpecies.of(short.class, FLOATS.vectorShape());

    /** Bytes, one for each float; with 128-bit vectors there is no shape so small, and half of the bytes go unused. */
    static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));

    /** Floats in a vector. */
    static final int COUNT = FLOATS.length();

    /** Rows that are packed together: two vectors. */
    static final int GROUP = 2 * COUNT;

    /** Bytes that a load of {@link #BYTES} at the last row of a group may read past it. */
    static final int OVERREAD = BYTES.length() - COUNT;

    /** Whether there are sixteen vector registers and not thirty-two, as with AVX2. */
    static final boolean FEW_REGISTERS = FLOATS.vectorBitSize() == 256;

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    private Lanes() {}

    /**
     * The values of finite binary16 numbers: sign, exponent and mantissa moved to their places, then the exponent's bias.
     * Right for subnormals as well, but slow where the processor is slow with them.
     */
    static FloatVector fromHalf(ShortVector halves) {
        return ((IntVector) halves.convertShape(S2I, INTS, 0))
                .lanewise(LSHL, 13)
                .and(0x8fffe000)
                .reinterpretAsFloats()
                .mul(0x1p112f);
    }

    /**
     * The same at one speed for all of them: the scales of K-quants, which are multiplied with factors, are often subnormal. Those are
     * the difference of two normal numbers.
     */
    static FloatVector fromAnyHalf(ShortVector halves) {
        var bits = (IntVector) halves.convertShape(S2I, INTS, 0);
        IntVector magnitude = bits.and(0x7fff).lanewise(LSHL, 13);
        FloatVector normal = magnitude.add(112 << 23).reinterpretAsFloats();
        FloatVector subnormal = magnitude.add(113 << 23).reinterpretAsFloats().sub(0x1p-14f);
        return normal.blend(subnormal, magnitude.lt(1 << 23).cast(FLOATS))
                .reinterpretAsInts()
                .or(bits.and(0x8000).lanewise(LSHL, 16))
                .reinterpretAsFloats();
    }

    /** The values of bfloat16 numbers. */
    static FloatVector fromUpperHalf(ShortVector halves) {
        return ((IntVector) halves.convertShape(S2I, INTS, 0))
                .lanewise(LSHL, 16)
                .reinterpretAsFloats();
    }

    static FloatVector zero() {
        return FloatVector.zero(FLOATS);
    }

    static FloatVector load(float[] from, int at) {
        return FloatVector.fromArray(FLOATS, from, at);
    }
}
