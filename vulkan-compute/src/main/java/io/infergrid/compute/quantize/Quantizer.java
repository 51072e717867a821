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
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Turns the matrices of a GGUF into another type; vectors (norms, biases) stay as they are. */
public final class Quantizer {

    private Quantizer() {}

    /**
     * Writes {@code target} with every matrix of {@code source} as {@code type}; F16 where the type's blocks do not divide a
     * row. Streams: memory does not grow with the model.
     *
     * @throws GgufException if the source is no sound GGUF, or has a weight that is not finite
     */
    public static void quantize(Path source, Path target, TensorType type) throws IOException {
        try (GgufFile file = GgufFile.open(source)) {
            write(file, target, TypeChoice.plain(type), Progress.NONE);
        }
    }

    /**
     * Writes {@code target} with the types that published files of this name have. A tensor that has its type already is copied; one of another
     * quantised type is quantised again, which adds the errors of both: {@link Outcome#quantisedAgain} counts them. An interrupt
     * of the calling thread ends the work with a {@link java.util.concurrent.CancellationException} and leaves no file.
     *
     * @param pure whether all matrices are of one type, no mixture
     * @throws GgufException if the source is no sound GGUF of a language model, or has a weight that is not finite or too large for the type
     */
    public static Outcome quantize(Path source, Path target, FileType type, boolean pure, Progress progress)
            throws IOException {
        try (GgufFile file = GgufFile.open(source)) {
            boolean tied = file.find("output.weight").isEmpty();
            TypeChoice choice =
                    pure ? TypeChoice.plain(type.matrices()) : TypeChoice.published(type, file.metadata(), tied);
            return write(file, target, choice, progress);
        }
    }

    /**
     * What was written.
     *
     * @param tensors how many there are of each type
     * @param quantisedAgain tensors that were of a quantised type before and are of another now
     */
    public record Outcome(Map<TensorType, Integer> tensors, int quantisedAgain) {

        public Outcome {
            tensors = Collections.unmodifiableMap(new EnumMap<>(tensors));
        }
    }

    private static Outcome write(GgufFile file, Path target, TypeChoice choice, Progress progress) throws IOException {
        List<GgufWriter.Declaration> declarations = file.header().tensors().stream()
                .map(info -> new GgufWriter.Declaration(info.name(), typeOf(info, choice), info.dimensions()))
                .toList();
        var tensors = new EnumMap<TensorType, Integer>(TensorType.class);
        int again = 0;
        try (var writer = GgufWriter.create(target, metadata(file.metadata(), choice), declarations);
                var rows = new RowPipeline(writer, progress)) {
            for (GgufWriter.Declaration declared : declarations) {
                GgufTensor tensor = file.tensor(declared.name());
                if (tensor.type() == declared.type()) {
                    rows.copy(declared, tensor);
                } else {
                    rows.write(declared, tensor::readRow);
                    again += tensor.type().quantised() && declared.type().quantised() ? 1 : 0;
                }
                tensors.merge(declared.type(), 1, Integer::sum);
            }
            writer.commit();
        }
        return new Outcome(tensors, again);
    }

    private static TensorType typeOf(GgufTensorInfo info, TypeChoice choice) {
        return info.dimensions().size() < 2 ? info.type() : choice.of(info.name(), info.columns());
    }

    private static GgufMetadata metadata(GgufMetadata source, TypeChoice choice) {
        return source.toBuilder()
                .uint32("general.quantization_version", 2)
                .uint32("general.file_type", choice.fileType())
                .build();
    }
}
