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
                Json.of(input, (int) Math.clamp(Values.integer(argument(0, "indent", -1L)), -1, 16), budget);
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
            case "first" -> end(interpreter.iterated(input), true);
            case "last" -> end(interpreter.iterated(input), false);
            case "reverse" -> interpreter.iterated(input).reversed();
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

    private static Object length(Object input) {
        return switch (input) {
            case Text text -> (long) text.toString().codePointCount(0, text.length());
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

    private static Object end(List<Object> items, boolean first) {
        return items.isEmpty()
                ? new Undefined("an element of an empty list")
                : first ? items.getFirst() : items.getLast();
    }

    private List<Object> items(Object input) {
        if (input instanceof Undefined) {
            return List.of();
        }
        if (!(input instanceof Map<?, ?> map)) {
            throw new JinjaException("expected a dictionary, found " + Values.kind(input));
        }
        List<Object> pairs = new ArrayList<>();
        map.forEach((key, value) -> pairs.add(List.of(key, value)));
        pairs.forEach(_ -> budget.step());
        return pairs;
    }

    private List<Object> sortedPairs(List<Object> pairs) {
        pairs.forEach(_ -> budget.step());
        pairs.sort((a, b) -> Values.compare(((List<?>) a).getFirst(), ((List<?>) b).getFirst()));
        return pairs;
    }

    private List<Object> sorted(Object input) {
        Object attribute = argument(2, "attribute", Nothing.NONE);
        Comparator<Object> order = (a, b) -> {
            budget.step();
            return attribute == Nothing.NONE
                    ? Values.compare(a, b)
                    : Values.compare(attribute(a, Values.text(attribute)), attribute(b, Values.text(attribute)));
        };
        List<Object> items = new ArrayList<>(interpreter.iterated(input));
        items.sort(Values.isTrue(argument(0, "reverse", false)) ? order.reversed() : order);
        return items;
    }

    private List<Object> unique(Object input) {
        List<Object> unique = new ArrayList<>();
        for (Object item : interpreter.iterated(input)) {
            if (!Values.contains(unique, item, budget)) {
                unique.add(item);
            }
        }
        return unique;
    }

    private Object attribute(Object of, Text path) {
        Object value = of;
        for (String part : path.toString().split("\\.", -1)) {
            budget.step();
            value = Members.item(budget, value, Text.of(part));
        }
        return value;
    }

    private List<Object> mapped(Object input) {
        Object attribute = named.getOrDefault("attribute", Nothing.NONE);
        List<Object> mapped = new ArrayList<>();
        for (Object item : interpreter.iterated(input)) {
            budget.step();
            if (attribute != Nothing.NONE) {
                Object value = attribute(item, Values.text(attribute));
                mapped.add(value instanceof Undefined ? named.getOrDefault("default", value) : value);
            } else {
                String filter = Values.text(argument(0, "filter", Text.EMPTY)).toString();
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
        try {
            return Long.parseLong(written(input).toString().strip());
        } catch (NumberFormatException notOne) {
            return argument(0, "default", 0L);
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
        Text all = Members.replaced(budget, text, Text.of("\n"), Text.of("\n").plus(margin));
        return Values.isTrue(argument(1, "first", false)) ? budget.made(margin.plus(all)) : all;
    }
}
