package io.infergrid.compute.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A filter with its arguments. */
final class Filters {

    private final Interpreter interpreter;
    private final Budget budget;
    private final String name;
    private final List<Object> positional;
    private final Map<String, Object> named;

    Filters(Interpreter interpreter, Budget budget, String name, List<Object> positional, Map<String, Object> named) {
        this.interpreter = interpreter;
        this.budget = budget;
        this.name = name;
        this.positional = positional;
        this.named = named;
    }

    Object apply(Object input) {
        return switch (name) {
            case "trim" -> budget.made(written(input).stripped(true, true, ""));
            case "length", "count" -> length(input);
            case "tojson" ->
                Json.of(
                        input,
                        argument(0, "indent", Nothing.NONE) instanceof Long n ? (int) Math.clamp(n, -1, 16) : -1,
                        budget);
            case "string" -> written(input);
            case "safe" -> input;
            case "upper" -> budget.made(written(input).spelled(s -> s.toUpperCase(Locale.ROOT)));
            case "lower" -> budget.made(written(input).spelled(s -> s.toLowerCase(Locale.ROOT)));
            case "capitalize" -> budget.made(Members.capitalised(written(input)));
            case "title" -> budget.made(Members.title(written(input)));
            case "replace" ->
                Members.replaced(
                        budget,
                        written(input),
                        Values.text(argument(0, "old", Text.EMPTY)),
                        Values.text(argument(1, "new", Text.EMPTY)));
            case "join" -> joined(input);
            case "default", "d" -> orDefault(input);
            case "list" -> interpreter.iterated(input);
            case "first" -> Members.end(budget, input, 0);
            case "last" -> Members.end(budget, input, -1);
            case "reverse" -> reversed(input);
            case "items" -> items(input);
            case "dictsort" -> sortedPairs(items(input));
            case "sort" -> sorted(input);
            case "unique" -> unique(input);
            case "map" -> mapped(input);
            case "select" -> selected(input, false, true);
            case "reject" -> selected(input, false, false);
            case "selectattr" -> selected(input, true, true);
            case "rejectattr" -> selected(input, true, false);
            case "int" -> integer(input);
            case "float" -> floating(input);
            case "abs" -> input instanceof Long n ? (Object) Math.abs(n) : (Object) Math.abs(Values.number(input));
            case "indent" -> indented(written(input));
            default -> throw new JinjaException("expected a filter that is known, found '" + name + "'");
        };
    }

    private Object argument(int index, String argument, Object absent) {
        return index < positional.size() ? positional.get(index) : named.getOrDefault(argument, absent);
    }

    private Text written(Object value) {
        return Values.written(value, budget);
    }

    private Object length(Object input) {
        return switch (input) {
            case Text text -> {
                budget.read(text.length());
                yield (long) text.toString().codePointCount(0, text.length());
            }
            case List<?> list -> (long) list.size();
            case Map<?, ?> map -> (long) map.size();
            case Undefined _ -> 0L;
            default -> throw new JinjaException("expected something with a length, found " + Values.kind(input));
        };
    }

    private Object joined(Object input) {
        Object attribute = argument(1, "attribute", Nothing.NONE);
        List<Object> parts = new ArrayList<>();
        for (Object item : interpreter.iterated(input)) {
            parts.add(attribute == Nothing.NONE ? item : attribute(item, Values.text(attribute)));
        }
        return Members.joined(budget, Values.text(argument(0, "d", Text.EMPTY)), parts);
    }

    private Object orDefault(Object input) {
        boolean falseToo = Values.isTrue(argument(1, "boolean", false));
        boolean absent = input instanceof Undefined || (falseToo && !Values.isTrue(input));
        return absent ? argument(0, "default_value", Text.EMPTY) : input;
    }

    private Object reversed(Object input) {
        return input instanceof Text
                ? Members.slice(budget, input, Nothing.NONE, Nothing.NONE, -1)
                : interpreter.iterated(input).reversed();
    }

    private List<Object> items(Object input) {
        if (input instanceof Undefined) {
            return List.of();
        }
        if (!(input instanceof Map<?, ?> map)) {
            throw new JinjaException("expected a dictionary, found " + Values.kind(input));
        }
        budget.steps(map.size());
        List<Object> pairs = new ArrayList<>();
        map.forEach((key, value) -> pairs.add(List.of(key, value)));
        return pairs;
    }

    private List<Object> sortedPairs(List<Object> pairs) {
        boolean exact = Values.isTrue(argument(0, "case_sensitive", false));
        int by = argument(1, "by", Text.EMPTY).equals(Text.of("value")) ? 1 : 0;
        Comparator<Object> order = (a, b) -> compare(((List<?>) a).get(by), ((List<?>) b).get(by), exact);
        pairs.sort(Values.isTrue(argument(2, "reverse", false)) ? order.reversed() : order);
        return pairs;
    }

    /** Like Jinja without regard to case, unless it is asked for. */
    private int compare(Object a, Object b, boolean exact) {
        budget.step();
        return Values.compare(exact ? a : folded(a), exact ? b : folded(b), budget);
    }

    private Object folded(Object value) {
        return value instanceof Text text ? budget.made(text.spelled(s -> s.toLowerCase(Locale.ROOT))) : value;
    }

    private List<Object> sorted(Object input) {
        boolean exact = Values.isTrue(argument(1, "case_sensitive", false));
        Object attribute = argument(2, "attribute", Nothing.NONE);
        Comparator<Object> order = (a, b) -> attribute == Nothing.NONE
                ? compare(a, b, exact)
                : compare(attribute(a, Values.text(attribute)), attribute(b, Values.text(attribute)), exact);
        List<Object> items = new ArrayList<>(interpreter.iterated(input));
        items.sort(Values.isTrue(argument(0, "reverse", false)) ? order.reversed() : order);
        return items;
    }

    private List<Object> unique(Object input) {
        boolean exact = Values.isTrue(argument(0, "case_sensitive", false));
        List<Object> unique = new ArrayList<>();
        List<Object> seen = new ArrayList<>();
        for (Object item : interpreter.iterated(input)) {
            Object known = exact ? item : folded(item);
            if (!Values.contains(seen, known, budget)) {
                seen.add(known);
                unique.add(item);
            }
        }
        return unique;
    }

    private Object attribute(Object of, Text path) {
        Object value = of;
        budget.read(path.length());
        for (String part : path.toString().split("\\.", -1)) {
            budget.step();
            value = Members.item(budget, value, Text.of(part));
        }
        return value;
    }

    private List<Object> mapped(Object input) {
        Object attribute = named.getOrDefault("attribute", Nothing.NONE);
        if (attribute == Nothing.NONE && positional.isEmpty()) {
            throw new JinjaException("expected the name of a filter or an attribute to map with, found none");
        }
        List<Object> mapped = new ArrayList<>();
        for (Object item : interpreter.iterated(input)) {
            budget.step();
            if (attribute != Nothing.NONE) {
                Object value = attribute(item, Values.text(attribute));
                mapped.add(value instanceof Undefined ? named.getOrDefault("default", value) : value);
            } else {
                String filter = Values.text(positional.getFirst()).toString();
                mapped.add(interpreter.filter(filter, item, positional.subList(1, positional.size()), named));
            }
        }
        return mapped;
    }

    private List<Object> selected(Object input, boolean byAttribute, boolean wanted) {
        int test = byAttribute ? 1 : 0;
        List<Object> selected = new ArrayList<>();
        for (Object item : interpreter.iterated(input)) {
            budget.step();
            Object value = byAttribute ? attribute(item, Values.text(argument(0, "attribute", Text.EMPTY))) : item;
            boolean holds = test < positional.size()
                    ? interpreter.test(
                            Values.text(positional.get(test)).toString(),
                            value,
                            positional.subList(test + 1, positional.size()))
                    : Values.isTrue(value);
            if (holds == wanted) {
                selected.add(item);
            }
        }
        return selected;
    }

    private Object integer(Object input) {
        if (Values.isNumber(input)) {
            return (long) Values.number(input);
        }
        String words = written(input).toString().strip();
        try {
            return Long.parseLong(words);
        } catch (NumberFormatException notWhole) {
            try {
                return (long) Double.parseDouble(words);
            } catch (NumberFormatException notOne) {
                return argument(0, "default", 0L);
            }
        }
    }

    private Object floating(Object input) {
        if (Values.isNumber(input)) {
            return Values.number(input);
        }
        try {
            return Double.parseDouble(written(input).toString().strip());
        } catch (NumberFormatException notOne) {
            return argument(0, "default", 0.0);
        }
    }

    private Text indented(Text text) {
        Object width = argument(0, "width", 4L);
        Text margin = width instanceof Text given
                ? given
                : Text.of(" ".repeat((int) Math.clamp(Values.integer(width), 0, 64)));
        boolean first = Values.isTrue(argument(1, "first", false));
        boolean blank = Values.isTrue(argument(2, "blank", false));
        List<Object> lines = new ArrayList<>();
        for (Object line : Members.split(budget, text, Text.of("\n"))) {
            boolean wanted = lines.isEmpty() ? first : blank || ((Text) line).length() > 0;
            lines.add(wanted ? budget.made(margin.plus((Text) line)) : line);
        }
        return Members.joined(budget, Text.of("\n"), lines);
    }
}
