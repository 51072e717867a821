package io.infergrid.compute.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** A header is damaged in every way: reading it ends in a header or a {@link GgufException}, never in much memory. */
class GgufFuzzProperties {

    private static final byte[] SOUND = sound();
    private static final long MOST_BYTES = 4 << 20;

    @Property(tries = 1000)
    void a_cut_header_is_refused(@ForAll @IntRange(max = 100_000) int length) {
        byte[] cut = Arrays.copyOf(SOUND, length % SOUND.length);
        assertThat(reads(cut)).isFalse();
    }

    @Property(tries = 4000)
    void flipped_bits_do_no_harm(@ForAll @Size(min = 1, max = 8) List<@IntRange(max = 1_000_000) Integer> bits) {
        byte[] damaged = SOUND.clone();
        for (int bit : bits) {
            damaged[bit / 8 % damaged.length] ^= (byte) (1 << (bit % 8));
        }
        reads(damaged);
    }

    @Property(tries = 4000)
    void hostile_numbers_do_no_harm(@ForAll @IntRange(max = 1_000_000) int at, @ForAll("hostile") long number) {
        byte[] damaged = SOUND.clone();
        int position = at % (damaged.length - 8);
        ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN).putLong(position, number);
        reads(damaged);
    }

    @Property(tries = 2000)
    void noise_after_the_magic_does_no_harm(@ForAll @Size(max = 512) byte[] noise) {
        byte[] file = Arrays.copyOf(SOUND, 8 + noise.length);
        System.arraycopy(noise, 0, file, 8, noise.length);
        reads(file);
    }

    @Provide
    Arbitrary<Long> hostile() {
        return Arbitraries.oneOf(
                Arbitraries.of(
                        -1L,
                        Long.MAX_VALUE,
                        Long.MIN_VALUE,
                        0L,
                        0x7FFF_FFFFL,
                        0x8000_0000L,
                        0xFFFF_FFFFL,
                        0xFFFF_FFFF_0000_0001L),
                Arbitraries.integers().between(0, 63).map(shift -> 1L << shift),
                Arbitraries.longs());
    }

    /** Whether it was a sound header. */
    private static boolean reads(byte[] file) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try {
            GgufHeader header = GgufHeader.read(MemorySegment.ofArray(file));
            assertThat(GgufHeader.read(MemorySegment.ofArray(header.encode()))).isEqualTo(header);
            return true;
        } catch (GgufException refused) {
            assertThat(refused.getMessage()).isNotBlank().doesNotContain("\n");
            return false;
        } finally {
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MOST_BYTES);
        }
    }

    private static byte[] sound() {
        var metadata = GgufMetadata.builder()
                .string("general.architecture", "llama")
                .uint32("general.alignment", 32)
                .bool("tokenizer.ggml.add_bos_token", true)
                .float32("llama.rope.freq_base", 10_000)
                .strings("tokenizer.ggml.tokens", List.of("<s>", "</s>", "a", "\u2581b"))
                .float32s("tokenizer.ggml.scores", 0, 0, -1, -2)
                .int32s("tokenizer.ggml.token_type", 3, 3, 1, 1)
                .put(
                        "nested",
                        new GgufValue.Nested(List.of(
                                new GgufValue.Texts(List.of("x")),
                                new GgufValue.Nested(List.of(new GgufValue.Texts(List.of()))))))
                .build();
        var tensors = List.of(
                new GgufTensorInfo("token_embd.weight", TensorType.Q8_0, List.of(64L, 4L), 0),
                new GgufTensorInfo("output_norm.weight", TensorType.F32, List.of(64L), 288));
        return new GgufHeader(3, metadata, tensors).encode();
    }
}
