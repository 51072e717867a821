package io.infergrid.compute.jinja;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What templates do with values, as Python does it: truth, equality, order, arithmetic, how they are written. */
final class Values {

    private Values() {}

    static boolean isTrue(Object value) {
        return switch (value) {
            case Boolean b -> b;
            case Long n -> n != 0;
            case Double d -> d != 0;
            case Text text -> text.length() > 0;
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case Nothing _, Undefined _ -> false;
            default -> true;
        };
    }

    static boolean same(Object a, Object b, Budget budget) {
        budget.step();
        if (a instanceof Text left && b instanceof Text right) {
            budget.read(Math.min(left.length(), right.length()));
            return left.equals(right);
        }
        if (isNumber(a) && isNumber(b)) {
            return number(a) == number(b);
        }
        if (a instanceof List<?> left && b instanceof List<?> right) {
            boolean same = left.size() == right.size();
            budget.enter();
            for (int i = 0; same && i < left.size(); i++) {
                same = same(left.get(i), right.get(i), budget);
            }
            budget.leave();
            return same;
        }
        if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
            budget.enter();
            boolean same = left.size() == right.size()
                    && left.entrySet().stream()
                            .allMatch(entry -> right.containsKey(entry.getKey())
                                    && same(
                                            entry.getValue(),
                                            Objects.requireNonNull(right.get(entry.getKey())),
                                            budget));
            budget.leave();
            return same;
        }
        if (a instanceof Undefined && b instanceof Undefined) {
            return true;
        }
        return a == b;
    }

    static int compare(Object a, Object b, Budget budget) {
        if (isNumber(a) && isNumber(b)) {
            return Double.compare(number(a), number(b));
        }
        if (a instanceof Text left && b instanceof Text right) {
            budget.read(Math.min(left.length(), right.length()));
            return left.toString().compareTo(right.toString());
        }
        throw new JinjaException(
                "expected two numbers or two strings to compare, found " + kind(a) + " and " + kind(b));
    }

    static boolean contains(Object container, Object item, Budget budget) {
        return switch (container) {
            case Text text -> {
                // looking for a text in another takes their product at worst
                budget.read((long) text.length() * Math.min(32, text(item).length() + 1));
                yield text.toString().contains(text(item).toString());
            }
            case List<?> list -> list.stream().anyMatch(element -> same(element, item, budget));
            case Map<?, ?> map -> map.containsKey(Members.key(item));
            case Undefined _ -> false;
            default -> throw new JinjaException("expected something to look for a value in, found " + kind(container));
        };
    }

    static boolean isNumber(Object value) {
        return value instanceof Long || value instanceof Double || value instanceof Boolean;
    }

    static double number(Object value) {
        return switch (value) {
            case Long n -> n;
            case Double d -> d;
            case Boolean b -> b ? 1 : 0;
            default -> throw new JinjaException("expected a number, found " + kind(value));
        };
    }

    static long integer(Object value) {
        return switch (value) {
            case Long n -> n;
            case Boolean b -> b ? 1 : 0;
            default -> throw new JinjaException("expected an integer, found " + kind(value));
        };
    }

    static Text text(Object value) {
        if (value instanceof Text text) {
            return text;
        }
        throw new JinjaException("expected a string, found " + kind(value));
    }

    static Object arithmetic(String operator, Object left, Object right) {
        if (left instanceof Double || right instanceof Double || operator.equals("/")) {
            return floating(operator, number(left), number(right));
        }
        long a = integer(left);
        long b = integer(right);
        if (b == 0 && (operator.equals("//") || operator.equals("%"))) {
            throw new JinjaException("expected a divisor, found 0");
        }
        try {
            return switch (operator) {
                case "+" -> Math.addExact(a, b);
                case "-" -> Math.subtractExact(a, b);
                case "*" -> Math.multiplyExact(a, b);
                case "//" -> Math.floorDiv(a, b);
                case "%" -> Math.floorMod(a, b);
                default -> power(a, b);
            };
        } catch (ArithmeticException overflow) {
            throw new JinjaException("expected a result below 2^63 of " + a + " " + operator + " " + b);
        }
    }

    private static Object power(long base, long exponent) {
        double result = Math.pow(base, exponent);
        if (exponent < 0 || Math.abs(result) >= 0x1p53) {
            return result;
        }
        return (long) result;
    }

    private static double floating(String operator, double a, double b) {
        if (b == 0 && "/ // %".contains(operator)) {
            throw new JinjaException("expected a divisor, found 0");
        }
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> Math.floor(a / b);
            case "%" -> a - b * Math.floor(a / b);
            default -> Math.pow(a, b);
        };
    }

    /** How a value is written where it is put out. */
    static Text written(Object value, Budget budget) {
        if (value instanceof Text text) {
            return text;
        }
        var to = new Text.Builder();
        represent(value, to, budget, false);
        return budget.made(to.build());
    }

    private static void represent(Object value, Text.Builder to, Budget budget, boolean inside) {
        budget.step();
        budget.enter();
        switch (value) {
            case Text text -> {
                String quote = text.toString().contains("'") && !text.toString().contains("\"") ? "\"" : "'";
                budget.characters(text.length());
                to.append(quote);
                for (int i = 0; i < text.length(); i++) {
                    to.append(escaped(text.toString().charAt(i), quote), text.isUsers(i));
                }
                to.append(quote);
            }
            case Boolean b -> to.append(b ? "True" : "False");
            case Double d -> to.append(Json.number(d));
            case Nothing _ -> to.append("None");
            case Undefined _ -> to.append(inside ? "Undefined" : "");
            case List<?> list -> {
                to.append("[");
                for (int i = 0; i < list.size(); i++) {
                    to.append(i == 0 ? "" : ", ");
                    represent(list.get(i), to, budget, true);
                }
                to.append("]");
            }
            case Map<?, ?> map -> {
                to.append("{");
                String separator = "";
                for (var entry : map.entrySet()) {
                    to.append(separator);
                    represent(entry.getKey(), to, budget, true);
                    to.append(": ");
                    represent(entry.getValue(), to, budget, true);
                    separator = ", ";
                }
                to.append("}");
            }
            case Long n -> to.append(Long.toString(n));
            default -> throw new JinjaException("expected a value that can be written, found " + kind(value));
        }
        budget.leave();
    }

    /** As Python shows a character of a string between quotes. */
    private static String escaped(char c, String quote) {
        return switch (c) {
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> quote.indexOf(c) >= 0 ? "\\" + c : String.valueOf(c);
        };
    }

    static String kind(Object value) {
        return switch (value) {
            case Text _ -> "a string";
            case Boolean _ -> "a boolean";
            case Long _ -> "an integer";
            case Double _ -> "a number";
            case List<?> _ -> "a list";
            case Map<?, ?> _ -> "a dictionary";
            case Nothing _ -> "none";
            case Undefined(String name) -> "'" + name + "', which is not defined";
            case Callable _ -> "a function";
            default -> "a namespace or a loop";
        };
    }
}
