package io.infergrid.libp2p.mdns;

import io.infergrid.libp2p.codec.DecodeException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A DNS message as far as service discovery needs it (RFC 1035, section 4): questions, and of the records those of type PTR and TXT.
 * Names are text with dots between their labels, in lower case.
 */
record DnsMessage(boolean response, List<Question> questions, List<Record> records) {

    static final int PTR = 12;
    static final int TXT = 16;
    static final int ANY = 255;

    /** The longest packet of multicast DNS (RFC 6762, section 17). */
    static final int MAX_BYTES = 9000;

    static final int MAX_QUESTIONS = 32;
    static final int MAX_RECORDS = 256;

    private static final int MAX_LABEL = 63;
    private static final int MAX_NAME = 255;
    private static final int HEADER = 12;
    private static final int IN = 1;
    private static final int CLASS_MASK = 0x7fff; // the top bit asks for a unicast answer, or to flush caches
    private static final int RESPONSE = 0x8000;
    private static final int AUTHORITATIVE_RESPONSE = 0x8400;

    record Question(String name, int type) {}

    /** A record of class IN. */
    sealed interface Record {
        String name();
    }

    /** {@code name} stands for {@code target}. */
    record Ptr(String name, String target) implements Record {}

    /** Texts about {@code name}, each of at most 255 bytes, read as ISO 8859-1. */
    record Txt(String name, List<String> texts) implements Record {}

    DnsMessage {
        questions = List.copyOf(questions);
        records = List.copyOf(records);
    }

    static DnsMessage decode(byte[] packet) throws DecodeException {
        if (packet.length < HEADER || packet.length > MAX_BYTES) {
            throw new DecodeException(
                    "mdns: expected " + HEADER + " to " + MAX_BYTES + " bytes, found " + packet.length);
        }
        var in = ByteBuffer.wrap(packet);
        int flags = in.getShort(2) & 0xffff;
        int questions = count(in, 4, MAX_QUESTIONS, "questions");
        int records = count(in, 6, MAX_RECORDS, "records")
                + count(in, 8, MAX_RECORDS, "records")
                + count(in, 10, MAX_RECORDS, "records");
        if (records > MAX_RECORDS) {
            throw new DecodeException("mdns: expected at most " + MAX_RECORDS + " records, found " + records);
        }
        in.position(HEADER);
        var asked = new ArrayList<Question>();
        for (int i = 0; i < questions; i++) {
            var name = name(in);
            need(in, 4);
            int type = in.getShort() & 0xffff;
            if ((in.getShort() & CLASS_MASK) == IN) {
                asked.add(new Question(name, type));
            }
        }
        var told = new ArrayList<Record>();
        for (int i = 0; i < records; i++) {
            record(in, told);
        }
        return new DnsMessage((flags & RESPONSE) != 0, asked, told);
    }

    private static int count(ByteBuffer in, int at, int max, String what) throws DecodeException {
        int count = in.getShort(at) & 0xffff;
        if (count > max) {
            throw new DecodeException("mdns: expected at most " + max + " " + what + ", found " + count);
        }
        return count;
    }

    private static void record(ByteBuffer in, List<Record> to) throws DecodeException {
        var name = name(in);
        need(in, 10);
        int type = in.getShort() & 0xffff;
        int kind = in.getShort() & CLASS_MASK;
        in.getInt(); // how long it may be cached: nothing is cached here
        int length = in.getShort() & 0xffff;
        need(in, length);
        int end = in.position() + length;
        if (kind == IN && type == PTR) {
            to.add(new Ptr(name, name(in)));
            if (in.position() != end) {
                throw new DecodeException("mdns: expected " + length + " bytes of a name, found another length");
            }
        } else if (kind == IN && type == TXT) {
            to.add(new Txt(name, texts(in, end)));
        }
        in.position(end);
    }

    private static List<String> texts(ByteBuffer in, int end) throws DecodeException {
        var texts = new ArrayList<String>();
        while (in.position() < end) {
            int length = in.get() & 0xff;
            if (length > end - in.position()) {
                throw new DecodeException(
                        "mdns: expected " + length + " bytes of text, found " + (end - in.position()));
            }
            var text = new byte[length];
            in.get(text);
            texts.add(new String(text, StandardCharsets.ISO_8859_1));
        }
        return texts;
    }

    /** Reads a name; each of its pointers leads further back than the one before, so that there is an end (RFC 1035, 4.1.4). */
    private static String name(ByteBuffer in) throws DecodeException {
        var name = new StringBuilder();
        int start = in.position();
        int after = -1;
        while (true) {
            need(in, 1);
            int length = in.get() & 0xff;
            if (length == 0) {
                break;
            }
            if (length > MAX_LABEL) {
                int target = pointer(in, length);
                if (target >= start) {
                    throw new DecodeException(
                            "mdns: expected a pointer to an earlier name, found one from " + start + " to " + target);
                }
                after = after < 0 ? in.position() : after;
                start = target;
                in.position(target);
                continue;
            }
            need(in, length);
            var label = new byte[length];
            in.get(label);
            if (name.length() + 1 + length + 2 > MAX_NAME + (name.isEmpty() ? 1 : 0)) { // with lengths, and the root's
                throw new DecodeException(
                        "mdns: expected a name of at most " + MAX_NAME + " bytes, found a longer one");
            }
            name.append(name.isEmpty() ? "" : ".").append(new String(label, StandardCharsets.ISO_8859_1));
        }
        if (after >= 0) {
            in.position(after);
        }
        return lower(name.toString());
    }

    private static int pointer(ByteBuffer in, int first) throws DecodeException {
        if ((first & 0xc0) != 0xc0) {
            throw new DecodeException("mdns: expected a label of at most " + MAX_LABEL + " bytes, found " + first);
        }
        need(in, 1);
        return (first & 0x3f) << 8 | in.get() & 0xff;
    }

    /** ASCII only: the rest of a name is whatever bytes it is. */
    private static String lower(String name) {
        return name.chars()
                .map(c -> c >= 'A' && c <= 'Z' ? c + 32 : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static void need(ByteBuffer in, int bytes) throws DecodeException {
        if (in.remaining() < bytes) {
            throw new DecodeException("mdns: expected " + bytes + " more bytes, found " + in.remaining());
        }
    }

    /**
     * Writes the message: PTR records as answers, TXT records as additional ones, as the libp2p specification has it.
     *
     * @param seconds that the records may be cached
     */
    byte[] encode(int seconds) {
        var out = new ByteArrayOutputStream();
        short16(out, 0);
        short16(out, response ? AUTHORITATIVE_RESPONSE : 0);
        short16(out, questions.size());
        short16(out, (int) records.stream().filter(Ptr.class::isInstance).count());
        short16(out, 0);
        short16(out, (int) records.stream().filter(Txt.class::isInstance).count());
        for (var question : questions) {
            name(out, question.name());
            short16(out, question.type());
            short16(out, IN);
        }
        for (var record : records) {
            if (record instanceof Ptr(String name, String target)) {
                var data = new ByteArrayOutputStream();
                name(data, target);
                record(out, name, PTR, seconds, data.toByteArray());
            }
        }
        for (var record : records) {
            if (record instanceof Txt(String name, List<String> texts)) {
                var data = new ByteArrayOutputStream();
                for (var text : texts) {
                    var bytes = text.getBytes(StandardCharsets.ISO_8859_1);
                    if (bytes.length > 255) {
                        throw new IllegalArgumentException(
                                "expected a text of at most 255 bytes, found " + bytes.length);
                    }
                    data.write(bytes.length);
                    data.writeBytes(bytes);
                }
                record(out, name, TXT, seconds, data.toByteArray());
            }
        }
        if (out.size() > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "expected a packet of at most " + MAX_BYTES + " bytes, found " + out.size());
        }
        return out.toByteArray();
    }

    private static void record(ByteArrayOutputStream out, String name, int type, int seconds, byte[] data) {
        name(out, name);
        short16(out, type);
        short16(out, IN);
        short16(out, seconds >>> 16);
        short16(out, seconds);
        short16(out, data.length);
        out.writeBytes(data);
    }

    private static void name(ByteArrayOutputStream out, String name) {
        for (var label : name.split("\\.")) {
            var bytes = label.getBytes(StandardCharsets.ISO_8859_1);
            if (bytes.length == 0 || bytes.length > MAX_LABEL) {
                throw new IllegalArgumentException("expected labels of 1 to " + MAX_LABEL + " bytes, found " + name);
            }
            out.write(bytes.length);
            out.writeBytes(bytes);
        }
        out.write(0);
    }

    private static void short16(ByteArrayOutputStream out, int value) {
        out.write(value >> 8);
        out.write(value);
    }
}
