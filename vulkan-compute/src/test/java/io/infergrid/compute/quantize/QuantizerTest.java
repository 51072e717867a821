package io.infergrid.compute.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.GgufWriter;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.quantize.RandomLlama.Shape;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class QuantizerTest {

    /** Rows of 256 and 512, so that every type fits. */
    private static final Shape SHAPE = new Shape("wide", 256, 1, 4, 2, 512, 300, 128, false);

    @TempDir
    private Path folder;

    /** Bounds of the relative error of Gaussian weights: what was measured, and a little. */
    @ParameterizedTest
    @CsvSource({
        "F16, 0.0003", "BF16, 0.002", "Q8_0, 0.0052", "Q4_0, 0.083", "Q4_1, 0.071", "Q5_0, 0.041", "Q5_1, 0.034",
        "IQ4_NL, 0.075", "Q2_K, 0.27", "Q3_K, 0.15", "Q4_K, 0.072", "Q5_K, 0.036", "Q6_K, 0.0175", "IQ4_XS, 0.076"
    })
    void quantised_weights_stay_near(TensorType type, double most) throws IOException {
        Path source = folder.resolve("source.gguf");
        Path target = folder.resolve("target.gguf");
        RandomLlama.write(source, SHAPE, TensorType.F32, 1);

        Quantizer.quantize(source, target, type);

        try (var before = GgufFile.open(source);
                var after = GgufFile.open(target)) {
            assertThat(after.tensorNames()).containsExactlyElementsOf(before.tensorNames());
            assertThat(ModelConfig.of(after.metadata())).isEqualTo(ModelConfig.of(before.metadata()));
            for (String name : before.tensorNames()) {
                boolean vector = before.tensor(name).rows() == 1;
                assertThat(after.tensor(name).type()).isEqualTo(vector ? TensorType.F32 : type);
                assertThat(distance(before.tensor(name), after.tensor(name))).isLessThan(most);
            }
        }
    }

    @Test
    void quantising_again_changes_nothing() throws IOException {
        Path first = folder.resolve("first.gguf");
        Path second = folder.resolve("second.gguf");
        RandomLlama.write(first, Shape.TINY, TensorType.Q4_0, 1);
        Quantizer.quantize(first, second, TensorType.Q4_0);
        assertThat(Files.mismatch(first, second)).isEqualTo(-1);
    }

    @Test
    void blocks_at_the_edges_keep_their_largest_weights() {
        float[] row = new float[32];
        assertThat(encode(TensorType.Q8_0, row)).containsOnly(0);
        assertThat(encode(TensorType.Q4_0, row)).startsWith(0, 0).endsWith(0x88, 0x88);

        row[3] = -8;
        row[19] = 7;
        byte[] q4 = encode(TensorType.Q4_0, row);
        // scale 1: element 3 becomes 0, element 19 becomes 15
        assertThat(q4[0] | q4[1] << 8).isEqualTo(Float.floatToFloat16(1));
        assertThat(q4[2 + 3]).isEqualTo((byte) 0xF0);

        row[3] = -127;
        row[19] = 64;
        byte[] q8 = encode(TensorType.Q8_0, row);
        assertThat(q8[2 + 3]).isEqualTo((byte) -127);
        assertThat(q8[2 + 19]).isEqualTo((byte) 64);
    }

    /** Weights that a block holds exactly come back exactly. */
    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"F32", "F16", "BF16"},
            mode = EnumSource.Mode.EXCLUDE)
    void zeros_constants_and_tiny_weights_survive(TensorType type) {
        float[] zeros = new float[512];
        for (float zero : decode(type, encode(type, zeros))) {
            assertThat(Math.abs(zero)).isZero();
        }
        float[] ones = new float[512];
        Arrays.fill(ones, 1f);
        for (float one : decode(type, encode(type, ones))) {
            assertThat(one).isCloseTo(1f, within(0.001f));
        }
        // below the least scale there is
        float[] tiny = new float[512];
        Arrays.fill(tiny, 100, 300, 1e-12f);
        for (float none : decode(type, encode(type, tiny))) {
            assertThat(Math.abs(none)).isLessThan(1e-6f);
        }
        float[] lone = new float[512];
        lone[77] = -3f;
        assertThat(decode(type, encode(type, lone))[77]).isCloseTo(-3f, within(0.01f));
        float[] large = new float[512];
        Arrays.fill(large, 65504f);
        large[5] = -65504f;
        for (float one : decode(type, encode(type, large))) {
            assertThat(Float.isFinite(one)).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(FileType.class)
    void a_file_says_its_type_and_fits_any_row(FileType type) throws IOException {
        Path source = folder.resolve("source.gguf");
        Path target = folder.resolve("target.gguf");
        RandomLlama.write(source, Shape.TINY, TensorType.F32, 1); // rows of 64 and 192
        List<Double> told = new ArrayList<>();

        var outcome = Quantizer.quantize(source, target, type, false, (tensor, fraction) -> told.add(fraction));

        assertThat(told).isSorted().last().isEqualTo(1.0);
        assertThat(outcome.quantisedAgain()).isZero();
        assertThat(outcome.tensors().values().stream().mapToInt(n -> n).sum()).isEqualTo(21);
        try (var file = GgufFile.open(target)) {
            assertThat(file.metadata().requiredInt("general.file_type", 0, 99)).isEqualTo(type.id());
            assertThat(FileType.named(type.name().toLowerCase(Locale.ROOT))).isEqualTo(type);
        }
    }

    @Test
    void what_is_quantised_again_is_counted() throws IOException {
        Path source = folder.resolve("source.gguf");
        RandomLlama.write(source, SHAPE, TensorType.Q8_0, 1);
        var outcome =
                Quantizer.quantize(source, folder.resolve("target.gguf"), FileType.named("q4_k"), false, Progress.NONE);
        assertThat(outcome.tensors())
                .containsEntry(TensorType.Q4_K, 6)
                .containsEntry(TensorType.Q6_K, 3)
                .containsEntry(TensorType.F32, 3);
        assertThat(outcome.quantisedAgain()).isEqualTo(9);
    }

    @Test
    void weights_that_a_type_cannot_hold_are_named() throws IOException {
        Path source = folder.resolve("source.gguf");
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 70_000}) {
            write(source, bad);
            assertThatThrownBy(() -> Quantizer.quantize(source, folder.resolve("t.gguf"), TensorType.Q5_K))
                    .isInstanceOf(GgufException.class)
                    .hasMessage(
                            "tensor 'blk.0.some.weight': expected finite weights of magnitudes that Q5_K can hold, found "
                                    + bad + " in row 2");
        }
        write(source, Float.NaN);
        assertThatThrownBy(() -> Quantizer.quantize(source, folder.resolve("t.gguf"), TensorType.F32))
                .isInstanceOf(GgufException.class)
                .hasMessage("tensor 'blk.0.some.weight': expected finite weights, found NaN in row 2");
        assertThat(folder).isDirectoryContaining("glob:**source.gguf").isDirectoryNotContaining("glob:**t.gguf*");
    }

    @Test
    void an_interrupt_ends_the_work_and_leaves_no_file() throws IOException {
        Path source = folder.resolve("source.gguf");
        RandomLlama.write(source, SHAPE, TensorType.F32, 1);
        try {
            assertThatThrownBy(() -> Quantizer.quantize(
                            source,
                            folder.resolve("target.gguf"),
                            FileType.Q4_K_M,
                            false,
                            (tensor, fraction) -> Thread.currentThread().interrupt()))
                    .isInstanceOf(CancellationException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(source);
        }
    }

    private static void write(Path target, float odd) throws IOException {
        var values = ByteBuffer.allocate(4 * 256 * 4).order(ByteOrder.LITTLE_ENDIAN);
        values.putFloat(4 * (2 * 256 + 9), odd);
        try (var writer = GgufWriter.create(
                target,
                GgufMetadata.builder().string("general.architecture", "llama").build(),
                List.of(GgufWriter.Declaration.matrix("blk.0.some.weight", TensorType.F32, 256, 4)))) {
            writer.append(values);
            writer.commit();
        }
    }

    @Test
    void a_seed_decides_every_byte_of_a_random_model() throws IOException {
        Path first = folder.resolve("first.gguf");
        Path second = folder.resolve("second.gguf");
        Path other = folder.resolve("other.gguf");
        RandomLlama.write(first, Shape.TINY, TensorType.Q8_0, 1);
        RandomLlama.write(second, Shape.TINY, TensorType.Q8_0, 1);
        RandomLlama.write(other, Shape.TINY, TensorType.Q8_0, 2);
        assertThat(Files.mismatch(first, second)).isEqualTo(-1);
        assertThat(Files.mismatch(first, other)).isNotEqualTo(-1);
    }

    @Test
    void a_random_model_can_write_every_text() throws IOException {
        Path path = folder.resolve("model.gguf");
        RandomLlama.write(path, Shape.TINY, TensorType.Q4_0, 1);
        try (var file = GgufFile.open(path)) {
            Tokenizer tokenizer = Tokenizer.of(file.metadata());
            String text = "the heat in there, 2026: \u00FCber \uD83E\uDD99";
            assertThat(tokenizer.decode(tokenizer.encode(text, true, false))).isEqualTo(text);
            assertThat(tokenizer.vocabularySize()).isEqualTo(512);
            assertThat(tokenizer.stops()).containsExactly(1);
        }
    }

    @Test
    void what_cannot_be_written_is_said() throws IOException {
        Path source = folder.resolve("source.gguf");
        assertThatThrownBy(() -> FileType.named("q9_x"))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith("expected a file type among F32, F16, BF16, Q8_0")
                .hasMessageEndingWith("found 'q9_x'");
        assertThatThrownBy(() -> Quantizer.quantize(source, folder.resolve("t.gguf"), TensorType.Q8_0))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("found none");
        assertThatThrownBy(() -> Shape.named("70b"))
                .hasMessageStartingWith("expected a shape among 1b, small, tiny, ")
                .hasMessageEndingWith(", found '70b'");
        assertThat(folder).isEmptyDirectory();
    }

    private static double distance(GgufTensor before, GgufTensor after) {
        float[] x = new float[(int) before.columns()];
        float[] y = new float[x.length];
        double difference = 0;
        double size = 0;
        for (long row = 0; row < before.rows(); row++) {
            before.readRow(row, x, 0);
            after.readRow(row, y, 0);
            for (int i = 0; i < x.length; i++) {
                difference += (double) (x[i] - y[i]) * (x[i] - y[i]);
                size += (double) x[i] * x[i];
            }
        }
        return Math.sqrt(difference / size);
    }

    private static byte[] encode(TensorType type, float[] row) {
        var bytes = ByteBuffer.allocate((int) type.rowBytes(row.length)).order(ByteOrder.LITTLE_ENDIAN);
        new RowEncoder().encode(type, row, 0, row.length, bytes);
        return bytes.array();
    }

    private static float[] decode(TensorType type, byte[] bytes) {
        int columns = bytes.length / type.blockBytes() * type.blockElements();
        var row = new float[columns];
        new GgufTensor("row", type, columns, 1, MemorySegment.ofArray(bytes)).readRow(0, row, 0);
        return row;
    }
}
