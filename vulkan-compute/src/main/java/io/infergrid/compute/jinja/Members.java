package io.infergrid.compute.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** What can be looked up in a value: elements, slices, and the methods of Python's strings and dictionaries that only read. */
final class Members {

    private static final Set<String> READERS = Set.of("startswith", "endswith", "find", "isdigit", "isspace");

    private Members() {}

    static Object attribute(Budget budget, Object of, String name) {
        return switch (of) {
            case Namespace space -> space.values().getOrDefault(name, new Undefined(name));
            case Loop loop -> loop.attribute(name);
            case Text text -> method(budget, text, name);
            case Map<?, ?> map -> member(budget, map, name);
            case Undefined(String undefined) ->
                throw new JinjaException(
                        "expected a value with '" + name + "', found '" + undefined + "', which is not defined");
            default -> new Undefined(name);
        };
    }

    static Object item(Budget budget, Object of, Object key) {
        return switch (of) {
            case Map<?, ?> map when map.containsKey(key(key)) -> Objects.requireNonNull(map.get(key(key)));
            case List<?> list
            when key instanceof Long index -> {
                long at = index < 0 ? index + list.size() : index;
                yield at >= 0 && at < list.size() ? list.get((int) at) : new Undefined("element " + index);
            }
            case Text text
            when key instanceof Long index -> {
                long at = index < 0 ? index + text.length() : index;
                yield at >= 0 && at < text.length()
                        ? text.part((int) at, (int) at + 1)
                        : new Undefined("character " + index);
            }
            default -> key instanceof Text name ? attribute(budget, of, name.toString()) : new Undefined("the element");
        };
    }

    /** The first (0) or last (-1) element or character. */
    static Object end(Budget budget, Object of, long index) {
        return switch (of) {
            case Map<?, ?> map
            when !map.isEmpty() ->
                index == 0
                        ? map.keySet().iterator().next()
                        : List.copyOf(map.keySet()).getLast();
            case List<?> _, Text _ -> item(budget, of, index);
            case Map<?, ?> _, Undefined _ -> new Undefined("an element of nothing");
            default -> throw new JinjaException("expected something with elements, found " + Values.kind(of));
        };
    }

    /** Keys are texts, numbers, booleans or none. */
    static Object key(Object key) {
        if (key instanceof Text || Values.isNumber(key) || key == Nothing.NONE) {
            return key;
        }
        throw new JinjaException("expected a string or a number as a key, found " + Values.kind(key));
    }

    static Object slice(Budget budget, Object of, Object from, Object to, long step) {
        if (step == 0) {
            throw new JinjaException("expected a slice with a step, found 0");
        }
        int size = switch (of) {
            case Text text -> text.length();
            case List<?> list -> list.size();
            default -> throw new JinjaException("expected a list or a string to slice, found " + Values.kind(of));
        };
        long first = bound(from, step > 0 ? 0 : size - 1, size, step);
        long end = bound(to, step > 0 ? size : -1, size, step);
        if (of instanceof Text text && step == 1) {
            return budget.made(first < end ? text.part((int) first, (int) end) : Text.EMPTY);
        }
        List<Object> items = new ArrayList<>();
        var characters = new Text.Builder();
        // a longer step ends as well, and does not overflow
        long by = Math.clamp(step, -size - 1L, size + 1L);
        for (long i = first; by > 0 ? i < end : i > end; i += by) {
            budget.step();
            if (of instanceof Text text) {
                characters.append(text.part((int) i, (int) i + 1));
            } else {
                items.add(((List<?>) of).get((int) i));
            }
        }
        return of instanceof Text ? characters.build() : items;
    }

    private static long bound(Object given, long absent, int size, long step) {
        if (given == Nothing.NONE) {
            return absent;
        }
        long index = Values.integer(given);
        long at = index < 0 ? index + size : index;
        return step > 0 ? Math.clamp(at, 0, size) : Math.clamp(at, -1, size - 1L);
    }

    private static Object member(Budget budget, Map<?, ?> map, String name) {
        return switch (name) {
            case "items" ->
                (Callable) (_, _) -> {
                    budget.steps(map.size());
                    List<Object> pairs = new ArrayList<>();
                    map.forEach((key, value) -> pairs.add(List.of(key, value)));
                    return pairs;
                };
            case "keys", "values" ->
                (Callable) (_, _) -> {
                    budget.steps(map.size());
                    return List.copyOf(name.equals("keys") ? map.keySet() : map.values());
                };
            case "get" ->
                (Callable) (arguments, _) -> {
                    Object found = map.get(key(argument(arguments, 0, "get")));
                    return found != null ? found : arguments.size() > 1 ? arguments.get(1) : Nothing.NONE;
                };
            default -> {
                Object found = map.get(Text.of(name));
                yield found != null ? found : new Undefined(name);
            }
        };
    }

    private static Object argument(List<Object> arguments, int index, String of) {
        if (index >= arguments.size()) {
            throw new JinjaException("expected " + (index + 1) + " arguments of " + of + ", found " + arguments.size());
        }
        return arguments.get(index);
    }

    private static Object method(Budget budget, Text text, String name) {
        Callable method = switch (name) {
            case "strip" -> (arguments, _) -> text.stripped(true, true, unwanted(arguments));
            case "lstrip" -> (arguments, _) -> text.stripped(true, false, unwanted(arguments));
            case "rstrip" -> (arguments, _) -> text.stripped(false, true, unwanted(arguments));
            case "upper" -> (_, _) -> text.spelled(s -> s.toUpperCase(Locale.ROOT));
            case "lower" -> (_, _) -> text.spelled(s -> s.toLowerCase(Locale.ROOT));
            case "capitalize" -> (_, _) -> capitalised(text);
            case "title" -> (_, _) -> title(text);
            case "startswith" ->
                (arguments, _) -> any(
                        budget,
                        argument(arguments, 0, name),
                        prefix -> text.toString().startsWith(prefix));
            case "endswith" ->
                (arguments, _) -> any(
                        budget,
                        argument(arguments, 0, name),
                        suffix -> text.toString().endsWith(suffix));
            case "find" ->
                (arguments, _) -> {
                    String part = Values.text(argument(arguments, 0, name)).toString();
                    budget.read((long) text.length() * Math.min(32, part.length() + 1));
                    return (long) text.toString().indexOf(part);
                };
            case "split" -> (arguments, named) -> split(budget, text, arguments, named);
            case "splitlines" -> (_, _) -> lines(budget, text);
            case "replace" ->
                (arguments, _) -> replaced(
                        budget,
                        text,
                        Values.text(argument(arguments, 0, name)),
                        Values.text(argument(arguments, 1, name)));
            case "join" -> (arguments, _) -> joined(budget, text, list(argument(arguments, 0, name)));
            case "isdigit" ->
                (_, _) -> text.length() > 0 && text.toString().codePoints().allMatch(Character::isDigit);
            case "isspace" -> (_, _) -> text.length() > 0 && text.toString().isBlank();
            default -> null;
        };
        if (method == null) {
            return new Undefined("a string's " + name);
        }
        boolean onlyReads = READERS.contains(name);
        return (Callable) (arguments, named) -> {
            if (onlyReads) {
                budget.read(text.length());
            } else {
                budget.characters(text.length());
            }
            return method.call(arguments, named);
        };
    }

    private interface Condition {
        boolean holds(String part);
    }

    /** Whether a part, or one of a list of parts, holds. */
    private static boolean any(Budget budget, Object parts, Condition condition) {
        List<?> all = parts instanceof List<?> list ? list : List.of(parts);
        return all.stream().anyMatch(part -> {
            String words = Values.text(part).toString();
            budget.step();
            budget.read(words.length());
            return condition.holds(words);
        });
    }

    private static List<?> list(Object value) {
        if (value instanceof List<?> list) {
            return list;
        }
        throw new JinjaException("expected a list, found " + Values.kind(value));
    }

    private static String unwanted(List<Object> arguments) {
        return arguments.isEmpty() || arguments.getFirst() == Nothing.NONE
                ? ""
                : Values.text(arguments.getFirst()).toString();
    }

    static Text capitalised(Text text) {
        return text.length() == 0
                ? text
                : text.part(0, 1)
                        .spelled(s -> s.toUpperCase(Locale.ROOT))
                        .plus(text.part(1, text.length()).spelled(s -> s.toLowerCase(Locale.ROOT)));
    }

    static Text title(Text text) {
        return text.spelled(s -> {
            var title = new StringBuilder();
            boolean inWord = false;
            for (int i = 0; i < s.length(); i++) {
                char c = s.charAt(i);
                title.append(inWord ? Character.toLowerCase(c) : Character.toUpperCase(c));
                inWord = Character.isLetter(c);
            }
            return title.toString();
        });
    }

    private static List<Object> split(Budget budget, Text text, List<Object> arguments, Map<String, Object> named) {
        Object separator = arguments.isEmpty() ? named.getOrDefault("sep", Nothing.NONE) : arguments.getFirst();
        Object most = arguments.size() > 1 ? arguments.get(1) : named.getOrDefault("maxsplit", -1L);
        long splits = Values.integer(most) < 0 ? Long.MAX_VALUE : Values.integer(most);
        if (separator != Nothing.NONE) {
            return parts(budget, text, Values.text(separator), splits);
        }
        return words(budget, text, splits);
    }

    /** What is between white space; after so many splits all that is left is one word. */
    private static List<Object> words(Budget budget, Text text, long splits) {
        List<Object> words = new ArrayList<>();
        String all = text.toString();
        for (int at = afterSpace(all, 0); at < all.length(); ) {
            budget.step();
            int end = words.size() < splits ? at : all.length();
            while (end < all.length() && !Text.isSpace(all.charAt(end))) {
                end++;
            }
            words.add(text.part(at, end));
            at = afterSpace(all, end);
        }
        return words;
    }

    private static int afterSpace(String text, int from) {
        int at = from;
        while (at < text.length() && Text.isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static List<Object> lines(Budget budget, Text text) {
        if (text.length() == 0) {
            return List.of();
        }
        boolean ended = text.toString().endsWith("\n");
        return parts(budget, ended ? text.part(0, text.length() - 1) : text, Text.of("\n"), Long.MAX_VALUE);
    }

    private static List<Object> parts(Budget budget, Text text, Text separator, long splits) {
        if (separator.length() == 0) {
            throw new JinjaException("expected a separator to split at, found an empty string");
        }
        budget.read((long) text.length() * Math.min(32, separator.length()));
        List<Object> parts = new ArrayList<>();
        int from = 0;
        int end = text.toString().indexOf(separator.toString());
        while (end >= 0 && parts.size() < splits) {
            budget.step();
            parts.add(text.part(from, end));
            from = end + separator.length();
            end = text.toString().indexOf(separator.toString(), from);
        }
        parts.add(text.part(from, text.length()));
        return parts;
    }

    static List<Object> split(Budget budget, Text text, Text separator) {
        return parts(budget, text, separator, Long.MAX_VALUE);
    }

    static Text replaced(Budget budget, Text text, Text old, Text with) {
        if (old.length() == 0) {
            throw new JinjaException("expected a string to replace, found an empty one");
        }
        return joined(budget, with, parts(budget, text, old, Long.MAX_VALUE));
    }

    static Text joined(Budget budget, Text between, List<?> parts) {
        var all = new Text.Builder();
        for (int i = 0; i < parts.size(); i++) {
            budget.step();
            Text part = Values.written(parts.get(i), budget);
            budget.characters((i == 0 ? 0 : between.length()) + (long) part.length());
            all.append(i == 0 ? Text.EMPTY : between).append(part);
        }
        return all.build();
    }
}
