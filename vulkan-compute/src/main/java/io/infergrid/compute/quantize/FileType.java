package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.TensorType;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Files as they are published: which tensor has which type is part of what a name such as {@code Q4_K_M} means. Numbers
 * are llama.cpp's {@code llama_ftype}, as in {@code general.file_type}.
 *
 * <p>Vectors stay as they are. The output matrix (or the embedding, where one matrix is both) is Q6_K in all but the float types and
 * Q8_0; S, M and L files spend more bits on the value and down matrices, all blocks or some: see {@code docs/quantisation.md}.
 */
public enum FileType {
    F32(0, TensorType.F32),
    F16(1, TensorType.F16),
    BF16(32, TensorType.BF16),
    Q8_0(7, TensorType.Q8_0),
    Q4_0(2, TensorType.Q4_0),
    Q4_1(3, TensorType.Q4_1),
    Q5_0(8, TensorType.Q5_0),
    Q5_1(9, TensorType.Q5_1),
    IQ4_NL(25, TensorType.IQ4_NL),
    IQ4_XS(30, TensorType.IQ4_XS),
    Q2_K(10, TensorType.Q2_K),
    Q3_K_S(11, TensorType.Q3_K),
    Q3_K_M(12, TensorType.Q3_K),
    Q3_K_L(13, TensorType.Q3_K),
    Q4_K_S(14, TensorType.Q4_K),
    Q4_K_M(15, TensorType.Q4_K),
    Q5_K_S(16, TensorType.Q5_K),
    Q5_K_M(17, TensorType.Q5_K),
    Q6_K(18, TensorType.Q6_K);

    private final int id;
    private final TensorType matrices;

    FileType(int id, TensorType matrices) {
        this.id = id;
        this.matrices = matrices;
    }

    /** {@code general.file_type}. */
    public int id() {
        return id;
    }

    /** The type of most matrices. */
    public TensorType matrices() {
        return matrices;
    }

    /**
     * The file type of this name, in any case; {@code Q4_K} and its like mean the M file.
     *
     * @throws GgufException if there is none; the message lists them
     */
    public static FileType named(String name) {
        String wanted = name.toUpperCase(Locale.ROOT).replace('-', '_');
        for (FileType type : values()) {
            if (type.name().equals(wanted) || type.name().equals(wanted + "_M")) {
                return type;
            }
        }
        throw new GgufException("expected a file type among "
                + Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", ")) + ", found '" + name + "'");
    }

    /** The file whose matrices are all of this type, as far as {@code general.file_type} can say so. */
    static FileType of(TensorType type) {
        return switch (type) {
            case Q3_K -> Q3_K_S;
            case Q4_K -> Q4_K_S;
            case Q5_K -> Q5_K_S;
            default -> valueOf(type.name());
        };
    }
}
