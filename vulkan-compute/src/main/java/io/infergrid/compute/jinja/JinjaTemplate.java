package io.infergrid.compute.jinja;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A template, read once and run any number of times. Immutable and thread-safe. Made for the {@code tokenizer.chat_template} of
 * models: Jinja's statements {@code if}, {@code for}, {@code set}, {@code macro}, {@code break}, {@code continue} and
 * {@code raw}, its expressions, the filters, tests and methods that published chat templates use, and the functions
 * {@code raise_exception}, {@code strftime_now}, {@code namespace}, {@code range} and {@code dict}.
 */
public final class JinjaTemplate {

    /** Longest template that is read, in UTF-16 units; the longest published ones are a tenth of it. */
    public static final int LONGEST = 1 << 18;

    private static final long LONGEST_RANGE = 100_000;

    private final List<Statement> statements;

    private JinjaTemplate(List<Statement> statements) {
        this.statements = statements;
    }

    /**
     * @throws JinjaException if it is too long, or not a template of the language above; the message says where
     */
    public static JinjaTemplate parse(String template) {
        if (template.length() > LONGEST) {
            throw new JinjaException(
                    "expected a template of at most " + LONGEST + " characters, found " + template.length());
        }
        return new JinjaTemplate(Parser.parse(template));
    }

    /**
     * Runs the template.
     *
     * @param values what its names stand for: {@link Text}, String, Boolean, Integer, Long, Double, null, List and Map of such
     * @param now what {@code strftime_now} tells
     * @throws JinjaException if the template refuses the values, uses something that is not there, or exceeds a limit of steps,
     *     characters or depth
     */
    public Text render(Map<String, ?> values, LocalDateTime now) {
        var budget = new Budget();
        var names = new HashMap<String, Object>();
        functions(budget, now, names);
        values.forEach((name, value) -> names.put(name, value(value)));
        try {
            return new Interpreter(budget, names).run(statements);
        } catch (StackOverflowError e) {
            // this thread's stack is shorter than the budget's depth takes
            throw new JinjaException("expected a template that nests less deep than this thread can follow");
        }
    }

    private static Object value(@Nullable Object given) {
        return switch (given) {
            case null -> Nothing.NONE;
            case Text text -> text;
            case String string -> Text.of(string);
            case Integer number -> number.longValue();
            case Long _, Double _, Boolean _ -> given;
            case List<?> list -> {
                List<Object> values = new ArrayList<>();
                list.forEach(item -> values.add(value(item)));
                yield values;
            }
            case Map<?, ?> map -> {
                var values = new LinkedHashMap<Object, Object>();
                map.forEach((key, item) -> values.put(value(key), value(item)));
                yield values;
            }
            default -> throw new IllegalArgumentException("expected a value that a template knows, found " + given);
        };
    }

    private static void functions(Budget budget, LocalDateTime now, Map<String, Object> names) {
        names.put("raise_exception", (Callable) (arguments, _) -> {
            String message = arguments.isEmpty()
                    ? ""
                    : Values.written(arguments.getFirst(), budget).toString();
            throw new JinjaException("the template says: " + message.substring(0, Math.min(500, message.length())));
        });
        names.put("strftime_now", (Callable) (arguments, _) -> Text.of(formatted(
                budget,
                now,
                arguments.isEmpty() ? "" : Values.text(arguments.getFirst()).toString())));
        names.put("namespace", (Callable) (_, named) -> {
            var space = new Namespace();
            space.values().putAll(named);
            return space;
        });
        names.put("dict", (Callable) (_, named) -> {
            var dictionary = new LinkedHashMap<Object, Object>();
            named.forEach((key, item) -> dictionary.put(Text.of(key), item));
            return dictionary;
        });
        names.put("range", (Callable) (arguments, _) -> range(budget, arguments));
    }

    private static List<Object> range(Budget budget, List<Object> arguments) {
        if (arguments.isEmpty() || arguments.size() > 3) {
            throw new JinjaException("expected 1 to 3 arguments of range, found " + arguments.size());
        }
        long from = arguments.size() == 1 ? 0 : Values.integer(arguments.get(0));
        long to = Values.integer(arguments.get(arguments.size() == 1 ? 0 : 1));
        long step = arguments.size() == 3 ? Values.integer(arguments.get(2)) : 1;
        if (step == 0) {
            throw new JinjaException("expected a range with a step, found 0");
        }
        List<Object> numbers = new ArrayList<>();
        for (long n = from; step > 0 ? n < to : n > to; n += step) {
            budget.step();
            numbers.add(n);
            if (numbers.size() > LONGEST_RANGE) {
                throw new JinjaException("expected a range of at most " + LONGEST_RANGE + " numbers, found more");
            }
            if (step > 0 ? n > Long.MAX_VALUE - step : n < Long.MIN_VALUE - step) {
                break; // the next one would overflow, and is beyond the end
            }
        }
        return numbers;
    }

    /** The directives of C's strftime that chat templates use. */
    private static String formatted(Budget budget, LocalDateTime now, String format) {
        budget.characters(format.length());
        var text = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                text.append(c);
                continue;
            }
            budget.step();
            char directive = format.charAt(++i);
            String pattern = switch (directive) {
                case 'd' -> "dd";
                case 'm' -> "MM";
                case 'Y' -> "yyyy";
                case 'y' -> "yy";
                case 'b' -> "MMM";
                case 'B' -> "MMMM";
                case 'a' -> "EEE";
                case 'A' -> "EEEE";
                case 'H' -> "HH";
                case 'I' -> "hh";
                case 'M' -> "mm";
                case 'S' -> "ss";
                case 'p' -> "a";
                case 'j' -> "DDD";
                case 'F' -> "yyyy-MM-dd";
                case 'T' -> "HH:mm:ss";
                case '%' -> "'%'";
                default ->
                    throw new JinjaException(
                            "expected a directive of strftime that is known, found '%" + directive + "'");
            };
            try {
                text.append(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(now));
            } catch (DateTimeException impossible) {
                throw new JinjaException("expected a date to write, found " + impossible.getMessage());
            }
        }
        return text.toString();
    }
}
