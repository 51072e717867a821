package io.infergrid.compute.gguf;

import io.infergrid.compute.gguf.GgufValue.Bool;
import io.infergrid.compute.gguf.GgufValue.Float32;
import io.infergrid.compute.gguf.GgufValue.Float64;
import io.infergrid.compute.gguf.GgufValue.Nested;
import io.infergrid.compute.gguf.GgufValue.Scalars;
import io.infergrid.compute.gguf.GgufValue.Text;
import io.infergrid.compute.gguf.GgufValue.Texts;
import io.infergrid.compute.gguf.GgufValue.Whole;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Collects a header's bytes, little-endian. */
final class GgufOutput {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 16);

    void int32(int value) {
        little(value, 4);
    }

    void int64(long value) {
        little(value, 8);
    }

    void string(String text) {
        ByteBuffer bytes;
        try {
            bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException lone) {
            throw new GgufException("expected text that UTF-8 can hold, found a lone surrogate", lone);
        }
        int64(bytes.remaining());
        out.write(bytes.array(), bytes.arrayOffset(), bytes.remaining());
    }

    /** A value without its type, which stands before it once, or once for all in an array. */
    void value(GgufValue value) {
        switch (value) {
            case Whole whole -> little(whole.value(), whole.type().bytes());
            case Float32 single -> int32(Float.floatToRawIntBits(single.value()));
            case Float64 twice -> int64(Double.doubleToRawLongBits(twice.value()));
            case Bool bool -> out.write(bool.value() ? 1 : 0);
            case Text text -> string(text.value());
            case Scalars scalars -> {
                int32(scalars.elementType().id());
                int64(scalars.size());
                ByteBuffer bytes = scalars.bytes();
                byte[] copy = new byte[bytes.remaining()];
                bytes.get(copy);
                out.writeBytes(copy);
            }
            case Texts texts -> {
                int32(GgufValueType.STRING.id());
                int64(texts.values().size());
                texts.values().forEach(this::string);
            }
            case Nested nested -> {
                int32(GgufValueType.ARRAY.id());
                int64(nested.values().size());
                nested.values().forEach(this::value);
            }
        }
    }

    byte[] toByteArray() {
        return out.toByteArray();
    }

    private void little(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (value >>> (8 * i)));
        }
    }
}
