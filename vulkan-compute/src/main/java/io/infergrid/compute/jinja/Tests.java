package io.infergrid.compute.jinja;

import java.util.List;
import java.util.Map;

/** What can be asked with {@code is}. */
final class Tests {

    private Tests() {}

    static boolean holds(String name, Object value, List<Object> arguments, Budget budget) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == Nothing.NONE;
            case "string" -> value instanceof Text;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "number" -> Values.isNumber(value);
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "mapping" -> value instanceof Map;
            case "iterable" -> value instanceof Text || value instanceof List || value instanceof Map;
            case "sequence" -> value instanceof Text || value instanceof List || value instanceof Map;
            case "callable" -> value instanceof Callable;
            case "equalto", "eq", "==", "sameas" -> Values.same(value, argument(arguments, name), budget);
            case "ne", "!=" -> !Values.same(value, argument(arguments, name), budget);
            case "in" -> Values.contains(argument(arguments, name), value, budget);
            case "lt", "lessthan", "<" -> Values.compare(value, argument(arguments, name), budget) < 0;
            case "gt", "greaterthan", ">" -> Values.compare(value, argument(arguments, name), budget) > 0;
            case "le", "<=" -> Values.compare(value, argument(arguments, name), budget) <= 0;
            case "ge", ">=" -> Values.compare(value, argument(arguments, name), budget) >= 0;
            case "even" -> Values.integer(value) % 2 == 0;
            case "odd" -> Values.integer(value) % 2 != 0;
            case "divisibleby" -> Values.integer(Values.arithmetic("%", value, argument(arguments, name))) == 0;
            default -> throw new JinjaException("expected a test that is known, found '" + name + "'");
        };
    }

    private static Object argument(List<Object> arguments, String name) {
        if (arguments.isEmpty()) {
            throw new JinjaException("expected an argument of the test " + name + ", found none");
        }
        return arguments.getFirst();
    }
}
