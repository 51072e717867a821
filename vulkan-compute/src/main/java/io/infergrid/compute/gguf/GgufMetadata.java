package io.infergrid.compute.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.infergrid.compute.gguf.GgufValue.Bool;
import io.infergrid.compute.gguf.GgufValue.Float32;
import io.infergrid.compute.gguf.GgufValue.Float64;
import io.infergrid.compute.gguf.GgufValue.Nested;
import io.infergrid.compute.gguf.GgufValue.Scalars;
import io.infergrid.compute.gguf.GgufValue.Text;
import io.infergrid.compute.gguf.GgufValue.Texts;
import io.infergrid.compute.gguf.GgufValue.Whole;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The key-value section of a GGUF, in the order of the file and with the exact types of the file. The typed getters check
 * type and range, and their errors name the key.
 *
 * @param values the entries in file order; unmodifiable
 */
public record GgufMetadata(Map<String, GgufValue> values) {

    public GgufMetadata {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** Metadata that {@link #encode} wrote, or that of any GGUF of which {@code gguf} is a prefix that holds the header. */
    public static GgufMetadata read(MemorySegment gguf) {
        return GgufHeader.read(gguf).metadata();
    }

    /** This metadata as a GGUF without tensors. */
    public byte[] encode() {
        return new GgufHeader(3, this, List.of()).encode();
    }

    public static Builder builder() {
        return new Builder(Map.of());
    }

    /** A builder that starts with these values; setting a key again keeps its place. */
    public Builder toBuilder() {
        return new Builder(values);
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    public Optional<GgufValue> find(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /**
     * @throws GgufException if the key is missing, not an integer, or outside {@code [min, max]}
     */
    public int requiredInt(String key, int min, int max) {
        return asInt(key, required(key), min, max);
    }

    public int optionalInt(String key, int absent, int min, int max) {
        GgufValue value = values.get(key);
        return value == null ? absent : asInt(key, value, min, max);
    }

    /**
     * @throws GgufException if the key is missing, not a float, or not a finite number in {@code [min, max]}
     */
    public float requiredFloat(String key, float min, float max) {
        return asFloat(key, required(key), min, max);
    }

    public float optionalFloat(String key, float absent, float min, float max) {
        GgufValue value = values.get(key);
        return value == null ? absent : asFloat(key, value, min, max);
    }

    public boolean optionalBoolean(String key, boolean absent) {
        GgufValue value = values.get(key);
        if (value == null) {
            return absent;
        }
        if (value instanceof Bool bool) {
            return bool.value();
        }
        throw mistyped(key, "a boolean", value);
    }

    public String requiredString(String key) {
        return asString(key, required(key));
    }

    public Optional<String> optionalString(String key) {
        GgufValue value = values.get(key);
        return value == null ? Optional.empty() : Optional.of(asString(key, value));
    }

    /** An array of strings; empty if the key is missing. */
    public List<String> strings(String key) {
        return switch (values.get(key)) {
            case null -> List.of();
            case Texts texts -> texts.values();
            case Scalars scalars when scalars.size() == 0 -> List.of();
            case GgufValue other -> throw mistyped(key, "an array of strings", other);
        };
    }

    /** An array of 32-bit floats, as a new array; empty if the key is missing. */
    public float[] floats(String key) {
        return switch (values.get(key)) {
            case null -> new float[0];
            case Scalars scalars
            when scalars.elementType() == GgufValueType.FLOAT32 -> {
                float[] floats = new float[scalars.size()];
                scalars.bytes().asFloatBuffer().get(floats);
                yield floats;
            }
            case GgufValue other -> throw mistyped(key, "an array of FLOAT32", other);
        };
    }

    /** An array of integers of any width, each in {@code [min, max]}, as a new array; empty if the key is missing. */
    public int[] ints(String key, int min, int max) {
        return switch (values.get(key)) {
            case null -> new int[0];
            case Scalars scalars
            when scalars.elementType().isWhole() -> {
                int[] ints = new int[scalars.size()];
                for (int i = 0; i < ints.length; i++) {
                    ints[i] = inRange(key, scalars.whole(i), min, max);
                }
                yield ints;
            }
            case GgufValue other -> throw mistyped(key, "an array of integers", other);
        };
    }

    private GgufValue required(String key) {
        GgufValue value = values.get(key);
        if (value == null) {
            throw new GgufException("expected the metadata key '" + key + "', found none");
        }
        return value;
    }

    private static int asInt(String key, GgufValue value, int min, int max) {
        if (value instanceof Whole whole) {
            // a UINT64 beyond 2^63 is negative here and outside of every range with min >= 0; below, it is refused by
            // name
            if (whole.type() == GgufValueType.UINT64 && whole.value() < 0) {
                throw outside(key, min, max, whole.toString());
            }
            return inRange(key, whole.value(), min, max);
        }
        throw mistyped(key, "an integer", value);
    }

    private static int inRange(String key, long value, int min, int max) {
        if (value < min || value > max) {
            throw outside(key, min, max, Long.toString(value));
        }
        return (int) value;
    }

    private static GgufException outside(String key, int min, int max, String found) {
        return new GgufException("metadata key '" + key + "': expected " + min + ".." + max + ", found " + found);
    }

    private static float asFloat(String key, GgufValue value, float min, float max) {
        float found = switch (value) {
            case Float32 single -> single.value();
            case Float64 twice -> (float) twice.value();
            default -> throw mistyped(key, "a float", value);
        };
        if (!(found >= min && found <= max)) {
            throw new GgufException("metadata key '" + key + "': expected " + min + ".." + max + ", found " + found);
        }
        return found;
    }

    private static String asString(String key, GgufValue value) {
        if (value instanceof Text text) {
            return text.value();
        }
        throw mistyped(key, "a string", value);
    }

    private static GgufException mistyped(String key, String expected, GgufValue found) {
        String type = switch (found) {
            case Scalars _, Texts _, Nested _ -> found.toString();
            default -> found.type().toString();
        };
        return new GgufException("metadata key '" + key + "': expected " + expected + ", found " + type);
    }

    /** Collects entries in order. */
    public static final class Builder {

        private final Map<String, GgufValue> values;

        private Builder(Map<String, GgufValue> start) {
            values = new LinkedHashMap<>(start);
        }

        public Builder put(String key, GgufValue value) {
            int bytes = key.getBytes(UTF_8).length;
            if (bytes == 0 || bytes > GgufLimits.KEY_BYTES) {
                throw new GgufException(
                        "expected a metadata key of 1.." + GgufLimits.KEY_BYTES + " bytes, found " + bytes);
            }
            values.put(key, value);
            return this;
        }

        public Builder remove(String key) {
            values.remove(key);
            return this;
        }

        public Builder string(String key, String value) {
            return put(key, new Text(value));
        }

        /** An unsigned 32-bit integer, the type of most counts. */
        public Builder uint32(String key, long value) {
            return put(key, new Whole(GgufValueType.UINT32, value));
        }

        public Builder float32(String key, float value) {
            return put(key, new Float32(value));
        }

        public Builder bool(String key, boolean value) {
            return put(key, new Bool(value));
        }

        public Builder strings(String key, List<String> values) {
            return put(key, new Texts(values));
        }

        public Builder float32s(String key, float... values) {
            return put(key, Scalars.ofFloats(values));
        }

        public Builder int32s(String key, int... values) {
            return put(key, Scalars.ofInts(values));
        }

        public GgufMetadata build() {
            return new GgufMetadata(values);
        }
    }
}
