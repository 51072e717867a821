package io.infergrid.compute.gguf;

import io.infergrid.compute.gguf.GgufValue.Bool;
import io.infergrid.compute.gguf.GgufValue.Float32;
import io.infergrid.compute.gguf.GgufValue.Float64;
import io.infergrid.compute.gguf.GgufValue.Nested;
import io.infergrid.compute.gguf.GgufValue.Scalars;
import io.infergrid.compute.gguf.GgufValue.Text;
import io.infergrid.compute.gguf.GgufValue.Texts;
import io.infergrid.compute.gguf.GgufValue.Whole;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All of a GGUF before its tensor data: version, metadata, tensor directory. A model package carries it by itself, so that a
 * rig that holds only some tensors knows the whole model. Reading and encoding again gives the same bytes.
 *
 * <p>Layout (ggml's gguf.md, little-endian): {@code "GGUF"}, version, tensor count, key count, keys with values, directory.
 *
 * @param version 2 or 3, which differ in nothing that is read here
 * @param metadata the key-value section
 * @param tensors the directory, in file order
 */
public record GgufHeader(int version, GgufMetadata metadata, List<GgufTensorInfo> tensors) {

    private static final int MAGIC = 0x46554747; // "GGUF" read as a little-endian integer

    public GgufHeader {
        tensors = List.copyOf(tensors);
    }

    /**
     * Reads the header at the start of {@code gguf}; what follows it is not looked at. Offsets are checked for alignment and
     * overlap; whether the data is all there only {@link GgufFile} can tell.
     *
     * @throws GgufException if the bytes are no GGUF, are cut short, or ask for more than a model may
     */
    public static GgufHeader read(MemorySegment gguf) {
        return parse(gguf).header();
    }

    /** A header and the position after its last byte. */
    record Parsed(GgufHeader header, long end) {

        /** Where the tensor data starts. */
        long dataStart() {
            return align(end, header.alignment());
        }
    }

    static Parsed parse(MemorySegment gguf) {
        var reader = new Reader(gguf);
        GgufHeader header = reader.read();
        return new Parsed(header, reader.in.position());
    }

    /** The header's bytes, without the padding that precedes tensor data. */
    public byte[] encode() {
        var out = new GgufOutput();
        out.int32(MAGIC);
        out.int32(version);
        out.int64(tensors.size());
        out.int64(metadata.values().size());
        metadata.values().forEach((key, value) -> {
            out.string(key);
            out.int32(value.type().id());
            out.value(value);
        });
        for (GgufTensorInfo tensor : tensors) {
            out.string(tensor.name());
            out.int32(tensor.dimensions().size());
            tensor.dimensions().forEach(out::int64);
            out.int32(tensor.type().id());
            out.int64(tensor.offset());
        }
        return out.toByteArray();
    }

    /** {@code general.alignment}: offsets and the data section are multiples of it. */
    public int alignment() {
        return alignmentOf(metadata);
    }

    static int alignmentOf(GgufMetadata metadata) {
        int alignment =
                metadata.optionalInt("general.alignment", GgufLimits.DEFAULT_ALIGNMENT, 1, GgufLimits.ALIGNMENT);
        if (Integer.bitCount(alignment) != 1) {
            throw new GgufException("metadata key 'general.alignment': expected a power of two, found " + alignment);
        }
        return alignment;
    }

    static long align(long position, int alignment) {
        return Math.addExact(position, alignment - 1L) & -alignment;
    }

    private static final class Reader {

        private final GgufCursor in;
        private int arrayStrings;
        private int nestedArrays;

        Reader(MemorySegment gguf) {
            in = new GgufCursor(gguf);
        }

        GgufHeader read() {
            int magic = in.int32("magic");
            if (magic != MAGIC) {
                throw new GgufException("expected the magic 'GGUF' at byte 0, found 0x"
                        + HexFormat.of().toHexDigits(Integer.reverseBytes(magic)));
            }
            int version = in.int32("version");
            if (version != 2 && version != 3) {
                boolean swapped = Integer.reverseBytes(version) <= 3 && Integer.reverseBytes(version) > 0;
                throw new GgufException("expected GGUF version 2 or 3, found "
                        + (swapped ? "a big-endian file" : Integer.toUnsignedString(version)) + " at byte 4");
            }
            int tensorCount = in.count("tensor count", GgufLimits.TENSORS);
            int keyCount = in.count("metadata key count", GgufLimits.KEYS);
            GgufMetadata metadata = metadata(keyCount);
            return new GgufHeader(version, metadata, directory(tensorCount, alignmentOf(metadata)));
        }

        private GgufMetadata metadata(int count) {
            Map<String, GgufValue> values = new LinkedHashMap<>();
            for (int i = 0; i < count; i++) {
                long at = in.position();
                String key = in.string("metadata key " + i, GgufLimits.KEY_BYTES);
                if (key.isEmpty()) {
                    throw new GgufException("metadata key " + i + ": expected a name, found none at byte " + at);
                }
                String where = "metadata key '" + printable(key) + "'";
                if (values.putIfAbsent(key, value(where, valueType(where), 0)) != null) {
                    throw new GgufException(where + ": expected it once, found it again at byte " + at);
                }
                if (in.position() > GgufLimits.METADATA_BYTES) {
                    throw new GgufException(where + ": expected metadata of at most " + GgufLimits.METADATA_BYTES
                            + " bytes, found its end at byte " + in.position());
                }
            }
            return new GgufMetadata(values);
        }

        private GgufValueType valueType(String where) {
            long at = in.position();
            try {
                return GgufValueType.ofId(in.int32(where + " type"));
            } catch (GgufException unknown) {
                throw new GgufException(where + ": " + unknown.getMessage() + " at byte " + at, unknown);
            }
        }

        private GgufValue value(String where, GgufValueType type, int depth) {
            return switch (type) {
                case STRING -> new Text(in.string(where, GgufLimits.STRING_BYTES));
                case ARRAY -> array(where, depth + 1);
                default -> scalar(where, type);
            };
        }

        private GgufValue scalar(String where, GgufValueType type) {
            long at = in.position();
            var one = new Scalars(type, in.bytes(type.bytes(), where));
            return switch (type) {
                case FLOAT32 -> new Float32(one.bytes().getFloat());
                case FLOAT64 -> new Float64(one.bytes().getDouble());
                case BOOL -> new Bool(bool(where, one.whole(0), at));
                default -> new Whole(type, one.whole(0));
            };
        }

        private static boolean bool(String where, long value, long at) {
            if (value > 1) {
                throw new GgufException(where + ": expected a boolean 0 or 1, found " + value + " at byte " + at);
            }
            return value == 1;
        }

        private GgufValue array(String where, int depth) {
            if (depth > GgufLimits.ARRAY_DEPTH) {
                throw new GgufException(where + ": expected arrays nested at most " + GgufLimits.ARRAY_DEPTH
                        + " deep, found more at byte " + in.position());
            }
            GgufValueType type = valueType(where);
            long at = in.position();
            return switch (type) {
                case STRING -> {
                    int count = in.count(where + " array length", GgufLimits.ARRAY_STRINGS - arrayStrings);
                    arrayStrings += count;
                    List<String> strings = new ArrayList<>();
                    for (int i = 0; i < count; i++) {
                        strings.add(in.string(where, GgufLimits.STRING_BYTES));
                    }
                    yield new Texts(strings);
                }
                case ARRAY -> {
                    int count = in.count(where + " array length", GgufLimits.NESTED_ARRAYS - nestedArrays);
                    nestedArrays += count;
                    List<GgufValue> arrays = new ArrayList<>();
                    for (int i = 0; i < count; i++) {
                        arrays.add(array(where, depth + 1));
                    }
                    yield new Nested(arrays);
                }
                default -> {
                    int count = in.count(where + " array length", (int) (GgufLimits.METADATA_BYTES / type.bytes()));
                    var scalars = new Scalars(type, in.bytes((long) count * type.bytes(), where));
                    if (type == GgufValueType.BOOL) {
                        for (int i = 0; i < count; i++) {
                            bool(where, scalars.whole(i), at + 8 + i);
                        }
                    }
                    yield scalars;
                }
            };
        }

        private List<GgufTensorInfo> directory(int count, int alignment) {
            List<GgufTensorInfo> tensors = new ArrayList<>();
            var names = new HashSet<String>();
            for (int i = 0; i < count; i++) {
                long at = in.position();
                GgufTensorInfo tensor = tensor(i);
                if (!names.add(tensor.name())) {
                    throw new GgufException("tensor '" + printable(tensor.name())
                            + "': expected it once, found it again at byte " + at);
                }
                if (tensor.offset() % alignment != 0) {
                    throw new GgufException("tensor '" + printable(tensor.name())
                            + "': expected an offset in multiples of " + alignment + ", found " + tensor.offset());
                }
                tensors.add(tensor);
            }
            refuseOverlap(tensors);
            return tensors;
        }

        private GgufTensorInfo tensor(int index) {
            long at = in.position();
            String name = in.string("tensor " + index + " name", GgufLimits.NAME_BYTES);
            String where = "tensor '" + printable(name) + "'";
            int dimensionCount = in.int32(where + " dimension count");
            if (dimensionCount < 1 || dimensionCount > GgufLimits.DIMENSIONS) {
                throw new GgufException(where + ": expected 1.." + GgufLimits.DIMENSIONS + " dimensions, found "
                        + Integer.toUnsignedString(dimensionCount) + " at byte " + at);
            }
            List<Long> dimensions = new ArrayList<>();
            for (int d = 0; d < dimensionCount; d++) {
                dimensions.add(in.int64(where + " dimensions"));
            }
            int typeId = in.int32(where + " type");
            TensorType type;
            try {
                type = TensorType.ofId(typeId);
            } catch (GgufException unknown) {
                throw new GgufException(where + ": " + unknown.getMessage(), unknown);
            }
            return new GgufTensorInfo(name, type, dimensions, in.int64(where + " offset"));
        }

        private static void refuseOverlap(List<GgufTensorInfo> tensors) {
            var byOffset = new ArrayList<>(tensors);
            byOffset.sort((a, b) -> Long.compare(a.offset(), b.offset()));
            for (int i = 1; i < byOffset.size(); i++) {
                GgufTensorInfo before = byOffset.get(i - 1);
                GgufTensorInfo tensor = byOffset.get(i);
                if (tensor.offset() - before.offset() < before.byteSize()) {
                    throw new GgufException(
                            "tensor '" + printable(tensor.name()) + "': expected data of its own, found it at "
                                    + tensor.offset() + " inside that of '" + printable(before.name()) + "'");
                }
            }
        }
    }

    /** A name from a file as it may stand in one line of an error. */
    static String printable(String name) {
        String cut = name.length() > 80 ? name.substring(0, 80) + "..." : name;
        return cut.codePoints()
                .map(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
