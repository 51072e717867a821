package io.infergrid.libp2p.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

class CodecTest {

    private static final HexFormat HEX = HexFormat.of();

    @Property
    void a_uvarint_comes_back(@ForAll @LongRange(max = Long.MAX_VALUE) long value) throws IOException {
        var encoded = Uvarint.encode(value);
        assertThat(encoded).hasSizeLessThanOrEqualTo(Uvarint.MAX_BYTES);
        assertThat(Uvarint.read(ByteBuffer.wrap(encoded))).isEqualTo(value);
    }

    @Example
    void uvarints_of_the_specification() throws IOException {
        assertThat(HEX.formatHex(Uvarint.encode(1))).isEqualTo("01");
        assertThat(HEX.formatHex(Uvarint.encode(127))).isEqualTo("7f");
        assertThat(HEX.formatHex(Uvarint.encode(128))).isEqualTo("8001");
        assertThat(HEX.formatHex(Uvarint.encode(255))).isEqualTo("ff01");
        assertThat(HEX.formatHex(Uvarint.encode(300))).isEqualTo("ac02");
        assertThat(HEX.formatHex(Uvarint.encode(16384))).isEqualTo("808001");
    }

    @Example
    void uvarints_that_are_cut_too_long_or_padded_are_refused() {
        for (var bad : List.of("", "80", "8000", "ffffffffffffffffff01", "81808000")) {
            assertThatThrownBy(() -> Uvarint.read(ByteBuffer.wrap(HEX.parseHex(bad))))
                    .as(bad)
                    .isInstanceOf(DecodeException.class);
        }
    }

    @Property
    void any_bytes_are_a_uvarint_or_a_decode_exception(@ForAll @Size(max = 20) byte[] bytes) throws Exception {
        try {
            Bounded.memory(() -> {
                assertThat(Uvarint.read(ByteBuffer.wrap(bytes))).isNotNegative();
            });
        } catch (DecodeException e) {
            assertThat(e.getMessage()).startsWith("uvarint: expected");
        }
    }

    @Property
    void any_bytes_are_a_length_within_the_bound_or_refused(@ForAll @Size(max = 8) byte[] bytes) throws Exception {
        try {
            Bounded.memory(() -> {
                assertThat(Uvarint.readLength(new ByteArrayInputStream(bytes), 1000, "test"))
                        .isBetween(0, 1000);
            });
        } catch (DecodeException | EOFException e) {
            assertThat(e.getMessage()).startsWith("test: ");
        }
    }

    @Property
    void base58_comes_back(@ForAll @Size(max = 64) byte[] bytes) throws IOException {
        assertThat(Base58.decode(Base58.encode(bytes))).isEqualTo(bytes);
    }

    @Example
    void base58_as_bitcoin_writes_it() throws IOException {
        var hello = "Hello World!".getBytes(StandardCharsets.US_ASCII);
        assertThat(Base58.encode(hello)).isEqualTo("2NEpo7TZRRrLZSi2U");
        assertThat(Base58.encode(HEX.parseHex("0000287fb4cd"))).isEqualTo("11233QC4");
        assertThat(Base58.decode("11233QC4")).isEqualTo(HEX.parseHex("0000287fb4cd"));
    }

    @Property
    void any_text_is_base58_or_a_decode_exception(@ForAll String text) throws Exception {
        try {
            Bounded.memory(() -> {
                assertThat(Base58.encode(Base58.decode(text))).isEqualTo(text);
            });
        } catch (DecodeException e) {
            assertThat(e.getMessage()).startsWith("base58: expected");
        }
    }

    @Property
    void a_message_comes_back(
            @ForAll @LongRange(max = Long.MAX_VALUE) long number,
            @ForAll @Size(max = 300) byte[] bytes,
            @ForAll @Size(max = 20) byte[] other)
            throws IOException {
        var message = new ProtoWriter()
                .varint(1, number)
                .bytes(7, other)
                .bytes(2, bytes)
                .text(3, "grüße")
                .toByteArray();
        var reader = new ProtoReader(message);
        assertThat(reader.next()).isTrue();
        assertThat(reader.varint()).isEqualTo(number);
        assertThat(reader.next()).isTrue();
        reader.skip();
        assertThat(reader.next()).isTrue();
        assertThat(reader.field()).isEqualTo(2);
        assertThat(reader.bytes(300)).isEqualTo(bytes);
        assertThat(reader.next()).isTrue();
        assertThat(reader.text(10)).isEqualTo("grüße");
        assertThat(reader.next()).isFalse();
    }

    @Property
    void any_bytes_are_a_message_or_a_decode_exception(@ForAll @Size(max = 100) byte[] bytes) throws Exception {
        try {
            Bounded.memory(() -> {
                var reader = new ProtoReader(bytes);
                while (reader.next()) {
                    switch (reader.field() % 4) {
                        case 0 -> reader.varint();
                        case 1 -> assertThat(reader.bytes(50)).hasSizeLessThanOrEqualTo(50);
                        case 2 -> reader.text(50);
                        default -> reader.skip();
                    }
                }
            });
        } catch (DecodeException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }

    @Example
    void a_length_beyond_the_message_is_refused_before_memory_is_taken() {
        var bad = HEX.parseHex("0affffffff07"); // field 1, 2 GiB of bytes
        assertThatThrownBy(() -> {
                    var reader = new ProtoReader(bad);
                    reader.next();
                    reader.bytes(Integer.MAX_VALUE);
                })
                .isInstanceOf(DecodeException.class)
                .hasMessageContaining("expected 2147483647 bytes of field 1, found 0");
    }

    @Example
    void a_field_of_ten_varint_bytes_can_be_skipped() throws IOException {
        var reader = new ProtoReader(HEX.parseHex("08ffffffffffffffffff011001"));
        reader.next();
        reader.skip();
        assertThat(reader.next()).isTrue();
        assertThat(reader.varint()).isEqualTo(1);
    }

    @Property
    void any_bytes_are_a_multihash_or_a_decode_exception(@ForAll @Size(max = 50) byte[] bytes) throws Exception {
        try {
            Bounded.memory(() -> {
                assertThat(Multihash.decode(bytes).encode()).isEqualTo(bytes);
            });
        } catch (DecodeException e) {
            assertThat(e.getMessage()).contains("expected");
        }
    }

    @Example
    void multihashes_of_sha_256_and_identity() throws IOException {
        var hash = Multihash.sha256("abc".getBytes(StandardCharsets.US_ASCII)); // FIPS 180-2, appendix B.1
        assertThat(HEX.formatHex(hash.encode()))
                .isEqualTo("1220ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(Multihash.decode(hash.encode())).isEqualTo(hash);
        assertThatThrownBy(() -> Multihash.decode(HEX.parseHex("0403abcdef"))).hasMessageContaining("found code 4");
        assertThatThrownBy(
                        () -> Multihash.decode(Multihash.identity(new byte[43]).encode()))
                .hasMessageContaining("expected at most 42 identity bytes, found 43");
    }
}
