package io.infergrid.wallet.chain;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.web3j.abi.CustomErrorEncoder;
import org.web3j.abi.FunctionReturnDecoder;
import org.web3j.abi.TypeReference;
import org.web3j.abi.datatypes.CustomError;
import org.web3j.abi.datatypes.Type;
import org.web3j.abi.datatypes.Utf8String;
import org.web3j.abi.datatypes.generated.Uint256;

/**
 * Why a call was refused, decoded from the data of the revert.
 *
 * @param name {@code Error}, {@code Panic}, a custom error's name, or {@code Unknown}
 * @param arguments as text, in order
 */
public record RevertReason(String name, List<String> arguments) {

    private static final String ERROR = "0x08c379a0";
    private static final String PANIC = "0x4e487b71";
    private static final int MAX_DATA = 2 + 2 * 4096;

    public RevertReason {
        arguments = List.copyOf(arguments);
    }

    /** The custom errors that a client knows, by selector. */
    public static final class Known {
        private final Map<String, CustomError> bySelector = new ConcurrentHashMap<>();

        /** Adds errors as generated wrappers declare them. */
        public Known with(List<CustomError> errors) {
            for (CustomError error : errors) {
                bySelector.put(CustomErrorEncoder.encode(error).substring(0, 10), error);
            }
            return this;
        }
    }

    /**
     * @param data what the node gave with the error, perhaps in quotes, perhaps nothing
     * @param message the node's own words, used if the data says nothing
     */
    static RevertReason decode(@Nullable String data, @Nullable String message, Known known) {
        String hex = data == null ? "" : data.replace("\"", "").strip().toLowerCase(Locale.ROOT);
        if (hex.length() < 10 || hex.length() > MAX_DATA || !hex.matches("0x[0-9a-f]+")) {
            return new RevertReason("Unknown", List.of(bounded(message == null ? "no reason given" : message)));
        }
        String selector = hex.substring(0, 10);
        String rest = "0x" + hex.substring(10);
        try {
            if (selector.equals(ERROR)) {
                return new RevertReason("Error", List.of(bounded(first(rest, new TypeReference<Utf8String>() {}))));
            }
            if (selector.equals(PANIC)) {
                return new RevertReason("Panic", List.of(first(rest, new TypeReference<Uint256>() {})));
            }
            CustomError custom = known.bySelector.get(selector);
            return custom == null
                    ? new RevertReason("Unknown", List.of(selector))
                    : new RevertReason(custom.getName(), values(rest, custom));
        } catch (RuntimeException malformed) {
            return new RevertReason("Unknown", List.of(selector));
        }
    }

    private static String first(String data, TypeReference<?> type) {
        return values(data, List.of(type)).getFirst();
    }

    private static List<String> values(String data, CustomError error) {
        return values(data, List.copyOf(error.getParameters()));
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // web3j's own generics
    private static List<String> values(String data, List<? extends TypeReference<?>> types) {
        var texts = new ArrayList<String>();
        List<Type> decoded = FunctionReturnDecoder.decode(data, (List) types);
        for (Type<?> value : decoded) {
            Object content = value.getValue();
            texts.add(bounded(
                    content instanceof byte[] bytes
                            ? "0x" + java.util.HexFormat.of().formatHex(bytes)
                            : String.valueOf(content)));
        }
        return texts;
    }

    private static String bounded(String text) {
        String clean = text.replaceAll("\\p{Cntrl}", " ");
        return clean.length() > 200 ? clean.substring(0, 200) + "..." : clean;
    }

    /** Whether a number argument of a panic or error equals this. */
    boolean has(BigInteger number) {
        return arguments.contains(number.toString());
    }

    @Override
    public String toString() {
        return arguments.isEmpty() ? name : name + "(" + String.join(", ", arguments) + ")";
    }
}
