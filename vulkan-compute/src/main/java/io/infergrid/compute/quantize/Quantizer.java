package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.GgufTensorInfo;
import io.infergrid.compute.gguf.GgufWriter;
import io.infergrid.compute.gguf.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Turns the matrices of a GGUF into another type; vectors (norms, biases) stay as they are. */
public final class Quantizer {

    private static final Set<TensorType> WRITTEN =
            EnumSet.of(TensorType.F32, TensorType.F16, TensorType.Q8_0, TensorType.Q4_0);

    private Quantizer() {}

    /**
     * Writes {@code target} with every matrix of {@code source} as {@code type}. Matrices whose rows do not divide into the
     * type's blocks become F16. Streams: memory does not grow with the model.
     *
     * @param type F32, F16, Q8_0 or Q4_0
     * @throws GgufException if the source is no sound GGUF
     */
    public static void quantize(Path source, Path target, TensorType type) throws IOException {
        if (!WRITTEN.contains(type)) {
            throw new GgufException("expected a type to write among F32, F16, Q8_0, Q4_0, found " + type);
        }
        try (GgufFile file = GgufFile.open(source)) {
            List<GgufWriter.Declaration> declarations = file.header().tensors().stream()
                    .map(info -> new GgufWriter.Declaration(info.name(), typeOf(info, type), info.dimensions()))
                    .toList();
            try (var writer = GgufWriter.create(target, metadata(file.metadata(), type), declarations);
                    var rows = new RowPipeline(writer)) {
                for (GgufWriter.Declaration declared : declarations) {
                    GgufTensor tensor = file.tensor(declared.name());
                    if (tensor.type() == declared.type()) {
                        writer.append(tensor.data());
                    } else {
                        rows.write(declared.type(), tensor.columns(), tensor.rows(), tensor::readRow);
                    }
                }
                writer.commit();
            }
        }
    }

    private static TensorType typeOf(GgufTensorInfo info, TensorType wanted) {
        if (info.dimensions().size() < 2) {
            return info.type();
        }
        return info.columns() % wanted.blockElements() == 0 ? wanted : TensorType.F16;
    }

    private static GgufMetadata metadata(GgufMetadata source, TensorType type) {
        return source.toBuilder()
                .uint32("general.quantization_version", 2)
                .uint32("general.file_type", fileType(type))
                .build();
    }

    /** llama.cpp's {@code llama_ftype}. */
    static int fileType(TensorType type) {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q8_0 -> 7;
            default -> throw new IllegalArgumentException("expected a type to write, found " + type);
        };
    }
}
