package io.infergrid.compute.reference;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.engine.ReferenceBackend;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.quantize.FileType;
import io.infergrid.compute.quantize.Progress;
import io.infergrid.compute.quantize.Quantizer;
import io.infergrid.compute.quantize.RandomLlama;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Files that we wrote and quantised, in llama.cpp and in our engine: every type by itself, and the mixtures. The errors are left in {@code
 * target/accuracy.txt}, the table of docs/quantisation.md.
 */
class LlamaCppCounterpartTest {

    private static final RandomLlama.Shape SHAPE = new RandomLlama.Shape("test", 256, 3, 8, 4, 512, 600, 256, true);
    private static final String TEXT = "Three rigs share one model; it's 7 o'clock \u2013 na\u00EFve?";
    private static final Set<TensorType> QUANTISED =
            EnumSet.complementOf(EnumSet.of(TensorType.F32, TensorType.F16, TensorType.BF16));

    private static final Set<FileType> MIXED = EnumSet.of(
            FileType.Q8_0,
            FileType.Q4_0,
            FileType.Q5_1,
            FileType.IQ4_NL,
            FileType.IQ4_XS,
            FileType.Q2_K,
            FileType.Q3_K_M,
            FileType.Q4_K_M,
            FileType.Q5_K_S,
            FileType.Q6_K);

    /** A file, and logits [position][token] of llama.cpp: by its own arithmetic, and with the weights expanded to F32. */
    private record Model(Path file, float[][] theirs, float[][] exact) {}

    @TempDir
    private static Path folder;

    private static Path source;
    private static int[] tokens;
    private static float[][] original;
    private static final Map<TensorType, Model> MODELS = new EnumMap<>(TensorType.class);

    /** llama.cpp's logits of its own file and of ours. */
    private static final Map<FileType, List<float[][]>> MIXED_LOGITS = new EnumMap<>(FileType.class);

    private static final Map<String, String> ERRORS = new TreeMap<>();

    @BeforeAll
    static void llama_cpp_computes_all_models() throws IOException, InterruptedException {
        LlamaCpp.assumePresent();
        source = folder.resolve("source.gguf");
        RandomLlama.write(source, SHAPE, TensorType.F32, 3);
        List<Path> files = new ArrayList<>(List.of(source));
        for (TensorType type : TensorType.values()) {
            files.addAll(quantisedAndExpanded(type));
        }
        try (var file = GgufFile.open(source)) {
            tokens = Tokenizer.of(file.metadata()).encode(TEXT, false, false);
        }
        for (FileType type : MIXED) {
            files.addAll(List.of(theirs(type), ours(type)));
            Quantizer.quantize(source, ours(type), type, false, Progress.NONE);
        }
        LlamaCpp.quantize(source, MIXED.stream().collect(Collectors.toMap(type -> type, type -> theirs(type))));
        List<float[][]> logits = LlamaCpp.logits(files, tokens);
        original = logits.getFirst();
        for (FileType type : MIXED) {
            MIXED_LOGITS.put(type, logits.subList(files.indexOf(theirs(type)), files.indexOf(ours(type)) + 1));
        }
        for (TensorType type : TensorType.values()) {
            int at = 1 + 2 * type.ordinal();
            MODELS.put(type, new Model(files.get(at), logits.get(at), logits.get(at + 1)));
        }
    }

    private static Path theirs(FileType type) {
        return folder.resolve("theirs-" + type + ".gguf");
    }

    private static Path ours(FileType type) {
        return folder.resolve("ours-" + type + ".gguf");
    }

    static Set<FileType> mixed() {
        return MIXED;
    }

    private static List<Path> quantisedAndExpanded(TensorType type) throws IOException {
        Path quantised = folder.resolve(type + ".gguf");
        Path expanded = folder.resolve(type + "-expanded.gguf");
        Quantizer.quantize(source, quantised, type);
        Quantizer.quantize(quantised, expanded, TensorType.F32);
        return List.of(quantised, expanded);
    }

    @AfterAll
    static void errors_are_kept() throws IOException {
        Path target = Path.of("target");
        if (Files.isDirectory(target)) {
            Files.write(target.resolve("accuracy.txt"), ERRORS.values());
        }
    }

    @Test
    void llama_cpp_reads_our_vocabulary_as_we_do() throws IOException, InterruptedException {
        assertThat(tokens).containsExactly(LlamaCpp.tokens(source, TEXT));
    }

    /**
     * With weights as floats nothing is quantised but the residual stream, to halves between blocks. llama.cpp computes F16 and BF16 coarser than
     * we do, so it is compared on the same weights in F32.
     */
    @ParameterizedTest
    @EnumSource(TensorType.class)
    void with_weights_as_floats_logits_are_the_same(TensorType type) {
        Model model = requireNonNull(MODELS.get(type));
        float[][] ours;
        try (var reference = new ReferenceBackend(QUANTISED)) {
            ours = Logits.of(reference, model.file, tokens);
        }
        assertThat(Logits.distance(ours, model.exact)).isLessThan(0.002);
    }

    /** The accuracy rule of IG1, with no type expanded. */
    @ParameterizedTest
    @EnumSource(TensorType.class)
    void logits_are_as_near_to_the_weights_as_llama_cpps(TensorType type) {
        Model model = requireNonNull(MODELS.get(type));
        float[][] ours;
        try (var reference = new ReferenceBackend(Set.of())) {
            ours = Logits.of(reference, model.file, tokens);
        }
        double error = Logits.distance(ours, model.exact);
        double theirError = Logits.distance(model.theirs, model.exact);
        ERRORS.put(
                "a" + type.ordinal() / 10 + type.ordinal() % 10,
                String.format(
                        Locale.ROOT,
                        "| %s | %.5f | %.5f | %.2f | %.4f |",
                        type,
                        error,
                        theirError,
                        error / theirError,
                        Logits.distance(model.exact, original)));
        // llama.cpp multiplies F32 as we do; both differ from exact by roundings alone
        assertThat(error).isLessThan(Math.max(0.002, 1.25 * theirError));
        assertGreedyAgrees(ours, model.theirs, model.exact);
    }

    /** The file's weights are as near to the source's as those of a file that llama.cpp quantised. */
    @ParameterizedTest
    @MethodSource("mixed")
    void our_files_err_no_more_than_llama_cpps(FileType type) {
        double theirError;
        double ourError;
        try (var before = GgufFile.open(source);
                var their = GgufFile.open(theirs(type));
                var our = GgufFile.open(ours(type))) {
            // the same mixture, so that sizes are the same
            for (var tensor : their.header().tensors()) {
                assertThat(our.tensor(tensor.name()).type()).as(tensor.name()).isEqualTo(tensor.type());
            }
            assertThat(our.metadata().find("general.file_type"))
                    .isEqualTo(their.metadata().find("general.file_type"));
            theirError = Weights.distance(their, before);
            ourError = Weights.distance(our, before);
        }
        List<float[][]> logits = requireNonNull(MIXED_LOGITS.get(type));
        double theirLogits = Logits.distance(logits.get(0), original);
        double ourLogits = Logits.distance(logits.get(1), original);
        ERRORS.put(
                "b" + type.id() / 10 + type.id() % 10,
                String.format(
                        Locale.ROOT,
                        "| %s | %.5f | %.5f | %.3f | %.4f | %.4f |",
                        type,
                        ourError,
                        theirError,
                        ourError / theirError,
                        ourLogits,
                        theirLogits));
        assertThat(ourError).isLessThanOrEqualTo(theirError);
        // 21 positions of one model: what is left is chance
        assertThat(ourLogits).isLessThan(1.1 * theirLogits);
    }

    /** Where llama.cpp's best token leads by more than the largest error of its logits, ours is the same. */
    private static void assertGreedyAgrees(float[][] ours, float[][] theirs, float[][] exact) {
        for (int position = 0; position < theirs.length; position++) {
            int best = Logits.greatest(theirs[position]);
            float error = 0;
            float second = Float.NEGATIVE_INFINITY;
            for (int token = 0; token < theirs[position].length; token++) {
                error = Math.max(error, Math.abs(theirs[position][token] - exact[position][token]));
                if (token != best) {
                    second = Math.max(second, theirs[position][token]);
                }
            }
            if (theirs[position][best] - second > 2 * error) {
                assertThat(Logits.greatest(ours[position])).isEqualTo(best);
            }
        }
    }
}
