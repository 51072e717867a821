package io.infergrid.compute.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.quantize.RandomLlama.Shape;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantizerTest {

    @TempDir
    private Path folder;

    /** Bounds of the relative error of Gaussian weights: half a step of the scale that blocks of 32 have, and a little. */
    @ParameterizedTest
    @CsvSource({"F16, 0.0003", "Q8_0, 0.006", "Q4_0, 0.105"})
    void quantised_weights_stay_near(TensorType type, double most) throws IOException {
        Path source = folder.resolve("source.gguf");
        Path target = folder.resolve("target.gguf");
        RandomLlama.write(source, Shape.TINY, TensorType.F32, 1);

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
        assertThatThrownBy(() -> Shape.named("70b")).hasMessage("expected a shape among 1b, small, tiny, found '70b'");
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
}
