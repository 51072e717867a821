package io.infergrid.libp2p.multistream;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.Uvarint;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Predicate;

/**
 * multistream-select 1.0 (multiformats/multistream-select). Messages are a uvarint length and a line; both sides first say the header.
 * The side that proposes sends header and first proposal together, so that agreement takes one round trip.
 */
public final class MultistreamSelect {

    private static final String HEADER = "/multistream/1.0.0";
    private static final String REFUSAL = "na";
    private static final int MAX_MESSAGE = 1024;
    private static final int MAX_PROPOSALS = 16;

    private MultistreamSelect() {}

    /** No protocol in common. */
    public static final class RefusedException extends IOException {
        public RefusedException(String message) {
            super(message);
        }
    }

    /** Header and proposal as they go over the wire, for who sends more with them; the answer is for {@link #expect}. */
    public static byte[] proposal(String protocol) {
        var out = new ByteArrayOutputStream();
        append(out, HEADER);
        append(out, protocol);
        return out.toByteArray();
    }

    /** Reads the answer to {@link #proposal}. */
    public static void expect(InputStream in, String protocol) throws IOException {
        expectHeader(in);
        if (!accepted(read(in), protocol)) {
            throw new RefusedException("the peer does not speak " + protocol);
        }
    }

    /**
     * Proposes one protocol after the other until the other side takes one.
     *
     * @throws RefusedException if it takes none
     */
    public static String propose(InputStream in, OutputStream out, List<String> protocols) throws IOException {
        boolean first = true;
        for (var protocol : protocols) {
            out.write(first ? proposal(protocol) : message(protocol));
            out.flush();
            if (first) {
                expectHeader(in);
                first = false;
            }
            if (accepted(read(in), protocol)) {
                return protocol;
            }
        }
        throw new RefusedException("the peer speaks none of " + protocols);
    }

    /**
     * Answers proposals until one is served here.
     *
     * @throws RefusedException if none of the first 16 is
     */
    public static String answer(InputStream in, OutputStream out, Predicate<String> served) throws IOException {
        expectHeader(in);
        var pending = new ByteArrayOutputStream();
        append(pending, HEADER);
        for (int i = 0; i < MAX_PROPOSALS; i++) {
            if (pending.size() > 0
                    && in.available() == 0) { // who waits for our header gets it; else it goes with the answer
                flush(pending, out);
            }
            var protocol = read(in);
            boolean taken = served.test(protocol);
            append(pending, taken ? protocol : REFUSAL);
            flush(pending, out);
            if (taken) {
                return protocol;
            }
        }
        throw new RefusedException("the peer proposed " + MAX_PROPOSALS + " protocols that are not served here");
    }

    private static void flush(ByteArrayOutputStream pending, OutputStream out) throws IOException {
        pending.writeTo(out);
        out.flush();
        pending.reset();
    }

    /** Another length is refused before more is read, so that who speaks something else is not waited for. */
    private static void expectHeader(InputStream in) throws IOException {
        int length = Uvarint.readLength(in, MAX_MESSAGE, "multistream");
        if (length != HEADER.length() + 1) {
            throw new DecodeException("multistream: expected " + HEADER + ", found a message of " + length + " bytes");
        }
        var header = line(in, length);
        if (!header.equals(HEADER)) {
            throw new DecodeException("multistream: expected " + HEADER + ", found '" + shown(header) + "'");
        }
    }

    private static boolean accepted(String answer, String protocol) throws DecodeException {
        if (answer.equals(protocol)) {
            return true;
        }
        if (answer.equals(REFUSAL)) {
            return false;
        }
        throw new DecodeException("multistream: expected " + protocol + " or na, found '" + shown(answer) + "'");
    }

    private static String read(InputStream in) throws IOException {
        int length = Uvarint.readLength(in, MAX_MESSAGE, "multistream");
        if (length == 0) {
            throw new DecodeException("multistream: expected a message, found an empty one");
        }
        return line(in, length);
    }

    private static String line(InputStream in, int length) throws IOException {
        var line = in.readNBytes(length);
        if (line.length < length) {
            throw new EOFException("multistream: the stream ended inside a message");
        }
        if (line[length - 1] != '\n') {
            throw new DecodeException("multistream: expected a newline at the end, found byte " + line[length - 1]);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line, 0, length - 1))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new DecodeException("multistream: expected UTF-8, found other bytes");
        }
    }

    private static byte[] message(String line) {
        var out = new ByteArrayOutputStream();
        append(out, line);
        return out.toByteArray();
    }

    private static void append(ByteArrayOutputStream out, String line) {
        var bytes = line.getBytes(StandardCharsets.UTF_8);
        if (bytes.length + 1 > MAX_MESSAGE) {
            throw new IllegalArgumentException("protocol id: expected at most 1023 bytes, found " + bytes.length);
        }
        Uvarint.write(out, bytes.length + 1);
        out.writeBytes(bytes);
        out.write('\n');
    }

    /** A stranger's text, safe for one line of a log. */
    private static String shown(String text) {
        var cut = text.length() > 64 ? text.substring(0, 64) + "..." : text;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
