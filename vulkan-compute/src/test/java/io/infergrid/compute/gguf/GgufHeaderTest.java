package io.infergrid.compute.gguf;

import static io.infergrid.compute.gguf.RawGguf.ARRAY;
import static io.infergrid.compute.gguf.RawGguf.BOOL;
import static io.infergrid.compute.gguf.RawGguf.F32;
import static io.infergrid.compute.gguf.RawGguf.STRING;
import static io.infergrid.compute.gguf.RawGguf.UINT32;
import static io.infergrid.compute.gguf.RawGguf.UINT8;
import static io.infergrid.compute.gguf.RawGguf.header;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

class GgufHeaderTest {

    @Test
    void every_value_type_survives_reading_and_writing_bit_for_bit() {
        var raw = header(1, 14)
                .key("u8", 0)
                .int8(200)
                .key("i8", 1)
                .int8(-3)
                .key("u16", 2)
                .int8(0xFF)
                .int8(0xFF)
                .key("i16", 3)
                .int8(0)
                .int8(0x80)
                .key("u32", 4)
                .int32(-1)
                .key("i32", 5)
                .int32(-1)
                .key("signalling NaN", 6)
                .int32(0x7FA00001)
                .key("bool", BOOL)
                .int8(1)
                .key("string", STRING)
                .string("zwölf \uD83D\uDE00\n")
                .key("strings", ARRAY)
                .int32(STRING)
                .int64(2)
                .string("a")
                .string("")
                .key("nested", ARRAY)
                .int32(ARRAY)
                .int64(2)
                .int32(UINT8)
                .int64(3)
                .bytes(new byte[] {1, 2, 3})
                .int32(STRING)
                .int64(0)
                .key("u64", 10)
                .int64(-1)
                .key("i64", 11)
                .int64(Long.MIN_VALUE)
                .key("f64", 12)
                .int64(Double.doubleToRawLongBits(Math.PI))
                .tensor("t", F32, 0, 4, 3, 2);

        GgufHeader read = raw.read();

        assertThat(read.encode()).isEqualTo(raw.toBytes());
        assertThat(read.tensors().getFirst().rows()).isEqualTo(6);
        assertThat(read.metadata().requiredInt("i8", -128, 127)).isEqualTo(-3);
        assertThatThrownBy(() -> read.metadata().requiredInt("u64", -1, 5))
                .hasMessage("metadata key 'u64': expected -1..5, found 18446744073709551615");
    }

    @Test
    void metadata_travels_alone() {
        var metadata = GgufMetadata.builder()
                .string("general.architecture", "llama")
                .uint32("llama.block_count", 4)
                .float32s("tokenizer.ggml.scores", 1, 2, 3)
                .build();

        assertThat(GgufMetadata.read(MemorySegment.ofArray(metadata.encode()))).isEqualTo(metadata);
    }

    @Test
    void a_foreign_file_is_named_as_one() {
        assertRefused(new RawGguf().bytes("PK\3\4".getBytes(US_ASCII)).int64(0), "'GGUF'");
        assertRefused(new RawGguf(), "magic: expected 4 bytes at byte 0, found the end after 0");
        assertRefused(new RawGguf().int32(0x46554747).int32(1), "version 2 or 3, found 1");
        assertRefused(new RawGguf().int32(0x46554747).int32(0x03000000), "big-endian");
    }

    @Test
    void hostile_counts_are_refused_before_memory_is_taken() {
        assertRefused(header(-1, 0), "tensor count: expected at most 65536, found 18446744073709551615 at byte 8");
        assertRefused(header(0, 1L << 40), "metadata key count: expected at most 4096, found 1099511627776");
        assertRefused(header(0, 1).int64(Long.MAX_VALUE), "metadata key 0 length");
        assertRefused(header(0, 1).key("k", STRING).int64(1L << 60), "metadata key 'k' length");
        assertRefused(header(0, 1).key("k", ARRAY).int32(UINT8).int64(1L << 27), "expected 134217728 bytes");
        assertRefused(header(0, 1).key("k", ARRAY).int32(STRING).int64(1L << 21), "found the end");
        assertRefused(header(0, 1).key("k", ARRAY).int32(STRING).int64(1L << 40), "array length: expected at most");
    }

    @Test
    void arrays_are_not_nested_without_end() {
        RawGguf raw = header(0, 1).key("deep", ARRAY);
        for (int i = 0; i < 100; i++) {
            raw.int32(ARRAY).int64(1);
        }
        assertRefused(raw, "metadata key 'deep': expected arrays nested at most 4 deep");
    }

    @Test
    void values_that_make_no_sense_are_refused() {
        assertRefused(header(0, 1).key("k", 13).int32(0), "metadata key 'k': expected a value type in 0..12, found 13");
        assertRefused(header(0, 1).key("k", BOOL).int8(2), "expected a boolean 0 or 1, found 2");
        assertRefused(header(0, 1).key("k", STRING).int64(1).int8(0xFF), "expected UTF-8, found malformed bytes");
        assertRefused(header(0, 1).key("", UINT8).int8(0), "metadata key 0: expected a name");
        assertRefused(
                header(0, 2).key("k", UINT8).int8(0).key("k", UINT8).int8(0),
                "metadata key 'k': expected it once, found it again");
        assertRefused(header(0, 1).key("general.alignment", UINT32).int32(48), "expected a power of two, found 48");
    }

    @Test
    void tensors_that_cannot_be_are_refused() {
        assertRefused(header(1, 0).tensor("t", F32, 0), "tensor 't': expected 1..4 dimensions, found 0");
        assertRefused(header(1, 0).tensor("t", F32, 0, 0), "tensor 't': expected dimensions of at most");
        assertRefused(
                header(1, 0).tensor("t", F32, 0, 1L << 33, 1L << 33), "tensor 't': expected dimensions of at most");
        assertRefused(header(1, 0).tensor("t", 16, 0, 256), "IQ4_NL, IQ4_XS, BF16, found IQ2_XXS");
        assertRefused(header(1, 0).tensor("t", 77, 0, 256), "found ggml type 77");
        assertRefused(
                header(1, 0).tensor("t", 8, 0, 33), "expected rows of Q8_0 in multiples of 32 elements, found 33");
        assertRefused(header(1, 0).tensor("t", F32, 16, 4), "expected an offset in multiples of 32, found 16");
        assertRefused(header(1, 0).tensor("t", F32, -32, 4), "expected an offset inside the file");
        assertRefused(header(1, 0).tensor("t".repeat(65), F32, 0, 4), "tensor 0 name length: expected at most 64");
        assertRefused(
                header(2, 0).tensor("t", F32, 0, 4).tensor("t", F32, 32, 4),
                "tensor 't': expected it once, found it again");
        assertRefused(
                header(2, 0).tensor("a", F32, 0, 16).tensor("b", F32, 32, 4),
                "tensor 'b': expected data of its own, found it at 32 inside that of 'a'");
    }

    @Test
    void names_from_a_file_stay_on_one_line_of_an_error() {
        assertThatThrownBy(() ->
                        header(0, 1).key("a\nb\u2028" + "c".repeat(500), 99).read())
                .isInstanceOf(GgufException.class)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(250));
    }

    @Test
    void getters_name_what_they_expected() {
        var metadata = GgufMetadata.builder()
                .string("s", "x")
                .uint32("n", 7)
                .float32("nan", Float.NaN)
                .strings("list", List.of("a"))
                .build();

        assertThatThrownBy(() -> metadata.requiredInt("absent", 0, 9))
                .hasMessage("expected the metadata key 'absent', found none");
        assertThatThrownBy(() -> metadata.requiredInt("s", 0, 9))
                .hasMessage("metadata key 's': expected an integer, found STRING");
        assertThatThrownBy(() -> metadata.requiredInt("n", 8, 9))
                .hasMessage("metadata key 'n': expected 8..9, found 7");
        assertThatThrownBy(() -> metadata.requiredFloat("nan", 0, 1)).hasMessageContaining("found NaN");
        assertThatThrownBy(() -> metadata.floats("list")).hasMessageContaining("found array of 1 STRING");
        assertThat(metadata.optionalInt("absent", 3, 0, 9)).isEqualTo(3);
    }

    private static void assertRefused(RawGguf raw, String message) {
        assertThatThrownBy(raw::read).isInstanceOf(GgufException.class).hasMessageContaining(message);
    }
}
