package io.infergrid.compute.jinja;

import io.infergrid.compute.jinja.Expression.Arguments;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs a template once. */
final class Interpreter {

    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    private record Scope(
            Map<String, Object> names, @Nullable Scope outer) {
        Object find(String name) {
            for (Scope scope = this; scope != null; scope = scope.outer) {
                Object value = scope.names.get(name);
                if (value != null) {
                    return value;
                }
            }
            return new Undefined(name);
        }
    }

    private final Budget budget;
    private final Scope root;
    private Scope scope;
    private Text.Builder out = new Text.Builder();

    Interpreter(Budget budget, Map<String, Object> values) {
        this.budget = budget;
        root = new Scope(new HashMap<>(values), null);
        scope = root;
    }

    Text run(List<Statement> template) {
        execute(template);
        return out.build();
    }

    private Flow execute(List<Statement> statements) {
        budget.enter();
        for (Statement statement : statements) {
            Flow flow = execute(statement);
            if (flow != Flow.ON) {
                budget.leave();
                return flow;
            }
        }
        budget.leave();
        return Flow.ON;
    }

    private Flow execute(Statement statement) {
        budget.step();
        switch (statement) {
            case Statement.Data(Text text) -> out.append(budget.made(text));
            case Statement.Output(Expression value) -> out.append(budget.made(Values.written(value(value), budget)));
            case Statement.If(Expression condition, List<Statement> then, List<Statement> otherwise) -> {
                return execute(isTrue(condition) ? then : otherwise);
            }
            case Statement.For loop -> run(loop);
            case Statement.Set(List<Expression> targets, Expression value) -> assign(targets, value(value));
            case Statement.SetBlock(String name, List<Statement> body) -> scope.names.put(name, captured(body));
            case Statement.Macro macro ->
                scope.names.put(macro.name(), (Callable) (positional, named) -> call(macro, positional, named));
            case Statement.Break() -> {
                return Flow.BREAK;
            }
            case Statement.Continue() -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private Text captured(List<Statement> body) {
        Text.Builder outer = out;
        out = new Text.Builder();
        try {
            execute(body);
            return out.build();
        } finally {
            out = outer;
        }
    }

    private Object call(Statement.Macro macro, List<Object> positional, Map<String, Object> named) {
        Scope outer = scope;
        scope = new Scope(new HashMap<>(), root);
        try {
            for (int i = 0; i < macro.parameters().size(); i++) {
                String parameter = macro.parameters().get(i);
                Expression absent = macro.defaults().get(i);
                Object value = i < positional.size() ? positional.get(i) : named.get(parameter);
                if (value == null) {
                    value = absent == null ? new Undefined(parameter) : value(absent);
                }
                scope.names.put(parameter, value);
            }
            return captured(macro.body());
        } finally {
            scope = outer;
        }
    }

    private void assign(List<Expression> targets, Object value) {
        if (targets.size() == 1) {
            assign(targets.getFirst(), value);
            return;
        }
        List<Object> parts = iterated(value);
        if (parts.size() != targets.size()) {
            throw new JinjaException("expected " + targets.size() + " values to set, found " + parts.size());
        }
        for (int i = 0; i < parts.size(); i++) {
            assign(targets.get(i), parts.get(i));
        }
    }

    private void assign(Expression target, Object value) {
        switch (target) {
            case Expression.Name(String name) -> scope.names.put(name, value);
            case Expression.Attribute(Expression of, String name)
            when value(of) instanceof Namespace space -> space.values().put(name, value);
            default -> throw new JinjaException("expected a name or an attribute of a namespace to set");
        }
    }

    private void run(Statement.For loop) {
        List<Object> items = chosen(loop);
        if (items.isEmpty()) {
            execute(loop.otherwise());
            return;
        }
        Scope outer = scope;
        try {
            for (int i = 0; i < items.size(); i++) {
                budget.step();
                scope = new Scope(new HashMap<>(), outer);
                bind(loop.names(), items.get(i));
                scope.names.put("loop", new Loop(items, i));
                if (execute(loop.body()) == Flow.BREAK) {
                    break;
                }
            }
        } finally {
            scope = outer;
        }
    }

    private List<Object> chosen(Statement.For loop) {
        List<Object> items = iterated(value(loop.over()));
        Expression condition = loop.condition();
        if (condition == null) {
            return items;
        }
        Scope outer = scope;
        try {
            List<Object> chosen = new ArrayList<>();
            for (Object item : items) {
                scope = new Scope(new HashMap<>(), outer);
                bind(loop.names(), item);
                if (isTrue(condition)) {
                    chosen.add(item);
                }
            }
            return chosen;
        } finally {
            scope = outer;
        }
    }

    private void bind(List<String> names, Object item) {
        if (names.size() == 1) {
            scope.names.put(names.getFirst(), item);
            return;
        }
        List<Object> parts = iterated(item);
        if (parts.size() != names.size()) {
            throw new JinjaException("expected " + names.size() + " values in each element, found " + parts.size());
        }
        for (int i = 0; i < parts.size(); i++) {
            scope.names.put(names.get(i), parts.get(i));
        }
    }

    /** The elements of a list, the keys of a dictionary, the characters of a string. */
    List<Object> iterated(Object value) {
        return switch (value) {
            case List<?> list -> Collections.unmodifiableList(list); // no list changes once it is made
            case Map<?, ?> map -> {
                budget.steps(map.size());
                yield List.copyOf(map.keySet());
            }
            case Text text -> {
                List<Object> characters = new ArrayList<>();
                for (int i = 0; i < text.length(); i++) {
                    budget.step();
                    characters.add(text.part(i, i + 1));
                }
                yield characters;
            }
            case Undefined _ -> List.of();
            default -> throw new JinjaException("expected something to go through, found " + Values.kind(value));
        };
    }

    private boolean isTrue(Expression condition) {
        return Values.isTrue(value(condition));
    }

    private Object value(Expression expression) {
        budget.step();
        budget.enter();
        Object value = switch (expression) {
            case Expression.Literal(Object literal) -> literal;
            case Expression.Name(String name) -> scope.find(name);
            case Expression.ListOf(List<Expression> items) -> values(items);
            case Expression.Dictionary(List<Expression> keys, List<Expression> values) -> dictionary(keys, values);
            case Expression.Attribute(Expression of, String name) -> Members.attribute(budget, value(of), name);
            case Expression.Item(Expression of, Expression key) -> Members.item(budget, value(of), value(key));
            case Expression.Slice slice -> slice(slice);
            case Expression.Call(Expression callee, Arguments arguments) -> call(callee, arguments);
            case Expression.Filter(Expression input, String name, Arguments arguments) ->
                filter(name, value(input), values(arguments.positional()), named(arguments));
            case Expression.Test(Expression input, String name, Arguments arguments, boolean negated) ->
                test(name, value(input), values(arguments.positional())) != negated;
            case Expression.Unary(String operator, Expression of) -> unary(operator, value(of));
            case Expression.Binary(String operator, Expression left, Expression right) -> binary(operator, left, right);
            case Expression.Comparison comparison -> compare(comparison);
            case Expression.Conditional(Expression condition, Expression then, Expression otherwise) ->
                isTrue(condition)
                        ? value(then)
                        : otherwise == null ? new Undefined("the other case") : value(otherwise);
        };
        budget.leave();
        return value;
    }

    private List<Object> values(List<Expression> expressions) {
        List<Object> values = new ArrayList<>();
        for (Expression expression : expressions) {
            values.add(value(expression));
        }
        return values;
    }

    private Map<String, Object> named(Arguments arguments) {
        var values = new LinkedHashMap<String, Object>();
        arguments.named().forEach((name, expression) -> values.put(name, value(expression)));
        return values;
    }

    private Map<Object, Object> dictionary(List<Expression> keys, List<Expression> values) {
        var dictionary = new LinkedHashMap<Object, Object>();
        for (int i = 0; i < keys.size(); i++) {
            dictionary.put(Members.key(value(keys.get(i))), value(values.get(i)));
        }
        return dictionary;
    }

    private Object call(Expression callee, Arguments arguments) {
        Object function = value(callee);
        if (!(function instanceof Callable callable)) {
            throw new JinjaException("expected a function to call, found " + Values.kind(function));
        }
        return callable.call(values(arguments.positional()), named(arguments));
    }

    Object filter(String name, Object input, List<Object> positional, Map<String, Object> named) {
        return new Filters(this, budget, name, positional, named).apply(input);
    }

    boolean test(String name, Object input, List<Object> arguments) {
        return Tests.holds(name, input, arguments, budget);
    }

    private static Object unary(String operator, Object value) {
        return switch (operator) {
            case "not" -> !Values.isTrue(value);
            case "-" -> Values.arithmetic("-", 0L, value);
            default -> Values.arithmetic("+", 0L, value);
        };
    }

    private Object binary(String operator, Expression left, Expression right) {
        Object a = value(left);
        if (operator.equals("and") || operator.equals("or")) {
            return Values.isTrue(a) == operator.equals("or") ? a : value(right);
        }
        Object b = value(right);
        if (operator.equals("~")) {
            return budget.made(Values.written(a, budget).plus(Values.written(b, budget)));
        }
        if (operator.equals("+") && a instanceof Text first && b instanceof Text second) {
            budget.characters((long) first.length() + second.length());
            return first.plus(second);
        }
        if (operator.equals("+") && a instanceof List<?> first && b instanceof List<?> second) {
            List<Object> both = new ArrayList<>(first);
            both.addAll(second);
            both.forEach(_ -> budget.step());
            return both;
        }
        if (operator.equals("*") && a instanceof Text text && b instanceof Long times) {
            return repeated(text, times);
        }
        return Values.arithmetic(operator, a, b);
    }

    private Text repeated(Text text, long times) {
        long count = Math.clamp(times, 0, Integer.MAX_VALUE);
        budget.characters(count * text.length());
        var all = new Text.Builder();
        for (long i = 0; i < count && text.length() > 0; i++) {
            all.append(text);
        }
        return all.build();
    }

    private boolean compare(Expression.Comparison comparison) {
        Object left = value(comparison.first());
        for (int i = 0; i < comparison.operators().size(); i++) {
            Object right = value(comparison.rest().get(i));
            boolean holds = switch (comparison.operators().get(i)) {
                case "==" -> Values.same(left, right, budget);
                case "!=" -> !Values.same(left, right, budget);
                case "<" -> Values.compare(left, right, budget) < 0;
                case ">" -> Values.compare(left, right, budget) > 0;
                case "<=" -> Values.compare(left, right, budget) <= 0;
                case ">=" -> Values.compare(left, right, budget) >= 0;
                case "in" -> Values.contains(right, left, budget);
                default -> !Values.contains(right, left, budget);
            };
            if (!holds) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object slice(Expression.Slice slice) {
        Object of = value(slice.of());
        Object step = slice.step() == null ? 1L : value(slice.step());
        Object from = slice.from() == null ? Nothing.NONE : value(slice.from());
        Object to = slice.to() == null ? Nothing.NONE : value(slice.to());
        return Members.slice(budget, of, from, to, Values.integer(step));
    }
}
