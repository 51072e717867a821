package io.infergrid.compute.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.gguf.GgufWriter.Declaration;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {

    @TempDir
    private Path folder;

    @Test
    void what_is_written_is_read_back() throws IOException {
        Path path = folder.resolve("model.gguf");
        write(path, 1);

        try (var file = GgufFile.open(path)) {
            assertThat(file.metadata().requiredString("general.name")).isEqualTo("test");
            assertThat(file.tensorNames()).containsExactly("norm", "matrix");
            float[] row = new float[32];
            file.tensor("matrix").readRow(1, row, 0);
            assertThat(row[0]).isEqualTo(0.5f * -3);
            assertThat(row[31]).isEqualTo(0.5f * 28);
            assertThat(file.find("absent")).isEmpty();
            assertThatThrownBy(() -> file.tensor("absent")).hasMessage("expected a tensor 'absent', found none");
        }
    }

    @Test
    void a_closed_file_cannot_be_read_by_accident() throws IOException {
        Path path = folder.resolve("model.gguf");
        write(path, 1);
        var file = GgufFile.open(path);
        GgufTensor tensor = file.tensor("norm");
        file.close();

        assertThatThrownBy(() -> tensor.readRow(0, new float[3], 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_file_cut_short_is_refused_wherever_it_is_cut() throws IOException {
        Path whole = folder.resolve("whole.gguf");
        write(whole, 1);
        byte[] bytes = Files.readAllBytes(whole);
        int end = 0;
        try (var file = GgufFile.open(whole)) {
            end = bytes.length - 32 + (int) (file.tensor("matrix").data().byteSize() % 32);
        }
        Path cut = folder.resolve("cut.gguf");
        for (int length = 0; length < end; length += 7) {
            Files.write(cut, Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> GgufFile.open(cut).close())
                    .isInstanceOf(GgufException.class)
                    .hasMessageStartingWith("cut.gguf: ");
        }
    }

    @Test
    void a_missing_file_is_named() {
        assertThatThrownBy(() -> GgufFile.open(folder.resolve("none.gguf")))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("expected a GGUF file at")
                .hasMessageContaining("none.gguf");
    }

    @Test
    void an_unfinished_file_never_takes_the_place_of_a_finished_one() throws IOException {
        Path path = folder.resolve("model.gguf");
        write(path, 1);
        byte[] before = Files.readAllBytes(path);

        try (var writer = GgufWriter.create(path, metadata(), List.of(Declaration.vector("norm", TensorType.F32, 3)))) {
            writer.append(floats(1, 2));
            assertThatThrownBy(writer::commit).hasMessage("tensor 'norm': expected 12 bytes, found 8 before the end");
            assertThatThrownBy(() -> writer.append(floats(3, 4)))
                    .hasMessage("tensor 'norm': expected 4 more bytes, found 8");
        }

        assertThat(path).hasBinaryContent(before);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void a_model_larger_than_the_memory_given_to_it_is_written_in_pieces() throws IOException {
        Path path = folder.resolve("large.gguf");
        long rows = 1 << 12;
        try (var writer = GgufWriter.create(
                path, metadata(), List.of(Declaration.matrix("wide", TensorType.F32, 1 << 14, rows)))) {
            var row = ByteBuffer.allocateDirect(1 << 16);
            for (long r = 0; r < rows; r++) {
                writer.append(row.duplicate());
            }
            writer.commit();
        }
        try (var channel = FileChannel.open(path, StandardOpenOption.READ);
                var file = GgufFile.open(path)) {
            assertThat(channel.size()).isGreaterThanOrEqualTo(rows << 16);
            assertThat(file.tensor("wide").data().byteSize()).isEqualTo(rows << 16);
        }
    }

    @Test
    void declarations_that_no_reader_would_take_are_not_written() {
        Path path = folder.resolve("model.gguf");
        assertThatThrownBy(() -> GgufWriter.create(
                        path,
                        metadata(),
                        List.of(
                                Declaration.vector("a", TensorType.F32, 3),
                                Declaration.vector("a", TensorType.F32, 3))))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("tensor 'a': expected it once");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void rows_of_every_type_become_floats() {
        assertThat(row(
                        TensorType.F16,
                        2,
                        bytes(4).putShort(Float.floatToFloat16(1.5f)).putShort((short) 0xBC00)))
                .containsExactly(1.5f, -1f);

        var q4 = bytes(18).putShort(Float.floatToFloat16(2f));
        for (int i = 0; i < 16; i++) {
            q4.put((byte) (i | (15 - i) << 4));
        }
        float[] four = row(TensorType.Q4_0, 32, q4);
        assertThat(four[0]).isEqualTo(2f * -8);
        assertThat(four[15]).isEqualTo(2f * 7);
        assertThat(four[16]).isEqualTo(2f * 7);
        assertThat(four[31]).isEqualTo(2f * -8);
    }

    @Test
    void a_q6_row_follows_the_layout_of_its_blocks() {
        // element 0..31 of a half: low halves of bytes 0..31, bits 0-1 of the pairs, scales 0 and 1
        var q6 = bytes(210);
        q6.put(0, (byte) 0x21).put(32, (byte) 0x43).put(128, (byte) 0b11_10_01_00);
        for (int scale = 0; scale < 16; scale++) {
            q6.put(192 + scale, (byte) (scale - 8));
        }
        q6.putShort(208, Float.floatToFloat16(0.25f)).position(210);

        float[] six = row(TensorType.Q6_K, 256, q6);

        assertThat(six[0]).isEqualTo(0.25f * -8 * (0x01 - 32));
        assertThat(six[32]).isEqualTo(0.25f * -6 * (0x13 - 32));
        assertThat(six[64]).isEqualTo(0.25f * -4 * (0x22 - 32));
        assertThat(six[96]).isEqualTo(0.25f * -2 * (0x34 - 32));
        assertThat(six[128]).isEqualTo(0.25f * 0 * -32);
        assertThat(six[255]).isEqualTo(0.25f * 7 * -32);
    }

    private static float[] row(TensorType type, int columns, ByteBuffer data) {
        float[] row = new float[columns];
        new GgufTensor("t", type, columns, 1, MemorySegment.ofBuffer(data.flip())).readRow(0, row, 0);
        return row;
    }

    private static ByteBuffer bytes(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer floats(float... values) {
        var bytes = bytes(4 * values.length);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.flip();
    }

    private static GgufMetadata metadata() {
        return GgufMetadata.builder().string("general.name", "test").build();
    }

    static void write(Path path, float first) throws IOException {
        List<Declaration> tensors = List.of(
                Declaration.vector("norm", TensorType.F32, 3), Declaration.matrix("matrix", TensorType.Q8_0, 32, 2));
        try (var writer = GgufWriter.create(path, metadata(), tensors)) {
            writer.append(floats(first, 2, 3));
            for (int row = 0; row < 2; row++) {
                var block = bytes(34).putShort(Float.floatToFloat16(0.5f));
                for (int i = 0; i < 32; i++) {
                    block.put((byte) (i - 3));
                }
                writer.append(block.flip());
            }
            writer.commit();
        }
    }
}
