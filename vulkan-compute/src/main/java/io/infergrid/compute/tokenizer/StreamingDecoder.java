package io.infergrid.compute.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;

/**
 * Text of tokens as they come: the bytes of a character that is not complete wait for the tokens that complete it. Used by
 * one thread.
 */
public final class StreamingDecoder {

    private final Tokenizer tokenizer;
    private final CharsetDecoder utf8 = UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private byte[] waiting = new byte[0];

    StreamingDecoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** Text that is complete with this token; often a word, sometimes nothing. */
    public String accept(int id) {
        byte[] bytes = tokenizer.bytes(id);
        byte[] all = new byte[waiting.length + bytes.length];
        System.arraycopy(waiting, 0, all, 0, waiting.length);
        System.arraycopy(bytes, 0, all, waiting.length, bytes.length);
        return decode(all, false);
    }

    /** What is left at the end: U+FFFD if a character stayed incomplete, else nothing. */
    public String finish() {
        String rest = decode(waiting, true);
        waiting = new byte[0];
        return rest;
    }

    private String decode(byte[] bytes, boolean end) {
        var in = ByteBuffer.wrap(bytes);
        var out = CharBuffer.allocate(bytes.length + 1);
        utf8.reset();
        utf8.decode(in, out, end);
        if (end) {
            utf8.flush(out);
        }
        waiting = new byte[in.remaining()];
        in.get(waiting);
        return out.flip().toString();
    }
}
