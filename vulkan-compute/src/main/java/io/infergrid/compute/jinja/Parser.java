package io.infergrid.compute.jinja;

import io.infergrid.compute.jinja.Expression.Arguments;
import io.infergrid.compute.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads statements and expressions by recursive descent, in Jinja's order of precedence. */
final class Parser {

    /** How deep statements and expressions may nest: the call stack's depth follows it. */
    private static final int DEEPEST = 100;

    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

    private final List<Token> tokens;
    private int at;
    private int depth;

    private Parser(List<Token> tokens) {
        this.tokens = tokens;
    }

    static List<Statement> parse(String template) {
        var parser = new Parser(Lexer.tokens(template));
        List<Statement> statements = parser.statements(Set.of());
        if (parser.peek().kind() != Kind.END) {
            throw parser.unexpected("a statement");
        }
        return statements;
    }

    private Token peek() {
        return tokens.get(at);
    }

    private Token next() {
        Token token = tokens.get(at);
        if (token.kind() != Kind.END) {
            at++;
        }
        return token;
    }

    private boolean take(String operatorOrName) {
        if (peek().is(operatorOrName)) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(String operatorOrName) {
        if (!take(operatorOrName)) {
            throw unexpected("'" + operatorOrName + "'");
        }
    }

    private String name() {
        if (peek().kind() != Kind.NAME) {
            throw unexpected("a name");
        }
        return next().text();
    }

    private JinjaException unexpected(String expected) {
        return new JinjaException("line " + peek().line() + ": expected " + expected + ", found " + peek().described());
    }

    private void deeper() {
        if (++depth > DEEPEST) {
            throw new JinjaException("line " + peek().line() + ": expected nesting of at most " + DEEPEST);
        }
    }

    /** Up to a block that starts with one of {@code ends}, which is not taken, or to the template's end. */
    private List<Statement> statements(Set<String> ends) {
        deeper();
        List<Statement> statements = new ArrayList<>();
        while (peek().kind() != Kind.END) {
            Token token = peek();
            switch (token.kind()) {
                case DATA -> statements.add(new Statement.Data(Text.of(next().text())));
                case VALUE_BEGIN -> {
                    next();
                    statements.add(new Statement.Output(tuple()));
                    end(Kind.VALUE_END);
                }
                case BLOCK_BEGIN -> {
                    if (ends.contains(tokens.get(at + 1).text())) {
                        depth--;
                        return statements;
                    }
                    next();
                    block(statements);
                }
                default -> throw unexpected("text or a tag");
            }
        }
        if (!ends.isEmpty()) {
            throw unexpected(
                    "one of " + String.join(", ", ends.stream().sorted().toList()));
        }
        depth--;
        return statements;
    }

    private void end(Kind kind) {
        if (peek().kind() != kind) {
            throw unexpected(kind == Kind.BLOCK_END ? "%}" : "}}");
        }
        next();
    }

    private void block(List<Statement> to) {
        String keyword = name();
        switch (keyword) {
            case "if" -> to.add(conditional());
            case "for" -> to.add(loop());
            case "set" -> to.add(set());
            case "macro" -> to.add(macro());
            case "break", "continue" -> {
                end(Kind.BLOCK_END);
                to.add(keyword.equals("break") ? new Statement.Break() : new Statement.Continue());
            }
            // marks what a model says, for training
            case "generation" -> {
                end(Kind.BLOCK_END);
                to.addAll(statements(Set.of("endgeneration")));
                closing("endgeneration");
            }
            default ->
                throw new JinjaException("line " + peek().line()
                        + ": expected if, for, set, macro, break, continue, generation or raw, found '" + keyword
                        + "'");
        }
    }

    private void closing(String keyword) {
        if (peek().kind() != Kind.BLOCK_BEGIN) {
            throw unexpected(keyword);
        }
        next();
        expect(keyword);
        end(Kind.BLOCK_END);
    }

    private Statement conditional() {
        Expression condition = tuple();
        end(Kind.BLOCK_END);
        List<Statement> then = statements(Set.of("elif", "else", "endif"));
        next();
        if (take("elif")) {
            deeper();
            Statement nested = conditional();
            depth--;
            return new Statement.If(condition, then, List.of(nested));
        }
        List<Statement> otherwise = List.of();
        if (take("else")) {
            end(Kind.BLOCK_END);
            otherwise = statements(Set.of("endif"));
            next();
        }
        expect("endif");
        end(Kind.BLOCK_END);
        return new Statement.If(condition, then, otherwise);
    }

    private Statement loop() {
        List<String> names = new ArrayList<>();
        boolean bracket = take("(");
        do {
            names.add(name());
        } while (take(","));
        if (bracket) {
            expect(")");
        }
        expect("in");
        Expression over = tupleOf(this::or);
        Expression condition = take("if") ? expression() : null;
        end(Kind.BLOCK_END);
        List<Statement> body = statements(Set.of("else", "endfor"));
        next();
        List<Statement> otherwise = List.of();
        if (take("else")) {
            end(Kind.BLOCK_END);
            otherwise = statements(Set.of("endfor"));
            next();
        }
        expect("endfor");
        end(Kind.BLOCK_END);
        return new Statement.For(names, over, condition, body, otherwise);
    }

    private Statement set() {
        List<Expression> targets = new ArrayList<>();
        boolean bracket = take("(");
        do {
            String name = name();
            targets.add(
                    take(".")
                            ? new Expression.Attribute(new Expression.Name(name), name())
                            : new Expression.Name(name));
        } while (take(","));
        if (bracket) {
            expect(")");
        }
        if (take("=")) {
            Expression value = tuple();
            end(Kind.BLOCK_END);
            return new Statement.Set(targets, value);
        }
        if (targets.size() != 1 || !(targets.getFirst() instanceof Expression.Name(String name))) {
            throw unexpected("'='");
        }
        end(Kind.BLOCK_END);
        List<Statement> body = statements(Set.of("endset"));
        closing("endset");
        return new Statement.SetBlock(name, body);
    }

    private Statement macro() {
        String name = name();
        List<String> parameters = new ArrayList<>();
        List<@Nullable Expression> defaults = new ArrayList<>();
        expect("(");
        while (!peek().is(")")) {
            parameters.add(name());
            defaults.add(take("=") ? expression() : null);
            if (!take(",")) {
                break;
            }
        }
        expect(")");
        end(Kind.BLOCK_END);
        List<Statement> body = statements(Set.of("endmacro"));
        next();
        expect("endmacro");
        if (peek().kind() == Kind.NAME) {
            next();
        }
        end(Kind.BLOCK_END);
        return new Statement.Macro(name, parameters, defaults, body);
    }

    private interface Rule {
        Expression read();
    }

    private Expression tuple() {
        return tupleOf(this::expression);
    }

    /** One expression, or several with commas between: a list. */
    private Expression tupleOf(Rule rule) {
        Expression first = rule.read();
        if (!peek().is(",")) {
            return first;
        }
        List<Expression> items = new ArrayList<>(List.of(first));
        while (take(",") && startsExpression()) {
            items.add(rule.read());
        }
        return new Expression.ListOf(items);
    }

    private boolean startsExpression() {
        return switch (peek().kind()) {
            case BLOCK_END, VALUE_END, END -> false;
            default -> !peek().is(")") && !peek().is("]");
        };
    }

    private Expression expression() {
        deeper();
        Expression then = or();
        while (take("if")) {
            Expression condition = or();
            Expression otherwise = take("else") ? expression() : null;
            then = new Expression.Conditional(condition, then, otherwise);
        }
        depth--;
        return then;
    }

    private Expression or() {
        Expression left = and();
        while (take("or")) {
            left = new Expression.Binary("or", left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (take("and")) {
            left = new Expression.Binary("and", left, not());
        }
        return left;
    }

    private Expression not() {
        if (take("not")) {
            deeper();
            var not = new Expression.Unary("not", not());
            depth--;
            return not;
        }
        return comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> rest = new ArrayList<>();
        while (true) {
            if (peek().kind() == Kind.OPERATOR && COMPARISONS.contains(peek().text())) {
                operators.add(next().text());
            } else if (take("in")) {
                operators.add("in");
            } else if (peek().is("not") && tokens.get(at + 1).is("in")) {
                at += 2;
                operators.add("not in");
            } else {
                break;
            }
            rest.add(sum());
        }
        return rest.isEmpty() ? first : new Expression.Comparison(first, operators, rest);
    }

    private Expression sum() {
        return binary(this::concatenation, "+", "-");
    }

    private Expression concatenation() {
        return binary(this::product, "~");
    }

    private Expression product() {
        return binary(this::power, "*", "/", "//", "%");
    }

    private Expression power() {
        return binary(this::signed, "**");
    }

    private Expression binary(Rule operand, String... operators) {
        Expression left = operand.read();
        while (true) {
            String operator = peek().text();
            if (peek().kind() != Kind.OPERATOR || !List.of(operators).contains(operator)) {
                return left;
            }
            next();
            left = new Expression.Binary(operator, left, operand.read());
        }
    }

    private Expression signed() {
        if (peek().is("-") || peek().is("+")) {
            deeper();
            String sign = next().text();
            // filters bind less than a sign, attributes more
            Expression operand = filtered(new Expression.Unary(sign, unfiltered()));
            depth--;
            return operand;
        }
        return filtered(unfiltered());
    }

    private Expression unfiltered() {
        if (peek().is("-") || peek().is("+")) {
            deeper();
            var signed = new Expression.Unary(next().text(), unfiltered());
            depth--;
            return signed;
        }
        return postfix(primary());
    }

    private Expression primary() {
        Token token = next();
        return switch (token.kind()) {
            case NAME ->
                switch (token.text()) {
                    case "true", "True" -> new Expression.Literal(true);
                    case "false", "False" -> new Expression.Literal(false);
                    case "none", "None" -> new Expression.Literal(Nothing.NONE);
                    default -> new Expression.Name(token.text());
                };
            case STRING -> {
                var text = new StringBuilder(token.text());
                while (peek().kind() == Kind.STRING) {
                    text.append(next().text());
                }
                yield new Expression.Literal(Text.of(text.toString()));
            }
            case INTEGER -> new Expression.Literal(integer(token));
            case FLOAT -> new Expression.Literal(Double.parseDouble(token.text().replace("_", "")));
            case OPERATOR ->
                switch (token.text()) {
                    case "(" -> bracketed();
                    case "[" -> new Expression.ListOf(list("]"));
                    case "{" -> dictionary();
                    default -> {
                        at--;
                        throw unexpected("a value");
                    }
                };
            default -> {
                at--;
                throw unexpected("a value");
            }
        };
    }

    private static long integer(Token token) {
        try {
            return Long.parseLong(token.text().replace("_", ""));
        } catch (NumberFormatException tooLarge) {
            throw new JinjaException(
                    "line " + token.line() + ": expected an integer below 2^63, found " + token.described());
        }
    }

    private Expression bracketed() {
        if (take(")")) {
            return new Expression.ListOf(List.of());
        }
        Expression inside = tuple();
        expect(")");
        return inside;
    }

    private List<Expression> list(String close) {
        List<Expression> items = new ArrayList<>();
        while (!peek().is(close)) {
            items.add(expression());
            if (!take(",")) {
                break;
            }
        }
        expect(close);
        return items;
    }

    private Expression dictionary() {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!peek().is("}")) {
            keys.add(expression());
            expect(":");
            values.add(expression());
            if (!take(",")) {
                break;
            }
        }
        expect("}");
        return new Expression.Dictionary(keys, values);
    }

    private Expression postfix(Expression of) {
        Expression value = of;
        while (true) {
            if (take(".")) {
                value = peek().kind() == Kind.INTEGER
                        ? new Expression.Item(value, new Expression.Literal(integer(next())))
                        : new Expression.Attribute(value, name());
            } else if (take("[")) {
                value = subscript(value);
            } else if (take("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expression subscript(Expression of) {
        Expression from = peek().is(":") ? null : expression();
        if (from != null && take("]")) {
            return new Expression.Item(of, from);
        }
        expect(":");
        Expression to = peek().is(":") || peek().is("]") ? null : expression();
        Expression step = take(":") && !peek().is("]") ? expression() : null;
        expect("]");
        return new Expression.Slice(of, from, to, step);
    }

    /** After the opening bracket. */
    private Arguments arguments() {
        List<Expression> positional = new ArrayList<>();
        var named = new LinkedHashMap<String, Expression>();
        while (!peek().is(")")) {
            if (peek().kind() == Kind.NAME && tokens.get(at + 1).is("=")) {
                String name = name();
                expect("=");
                named.put(name, expression());
            } else {
                positional.add(expression());
            }
            if (!take(",")) {
                break;
            }
        }
        expect(")");
        return new Arguments(positional, named);
    }

    private Expression filtered(Expression of) {
        Expression value = of;
        while (true) {
            if (take("|")) {
                String name = name();
                value = new Expression.Filter(value, name, take("(") ? arguments() : Arguments.NONE);
            } else if (take("is")) {
                boolean negated = take("not");
                value = new Expression.Test(value, name(), testArguments(), negated);
            } else if (peek().is("(") || peek().is("[") || peek().is(".")) {
                // what a filter gives may be called or looked into
                value = postfix(value);
            } else {
                return value;
            }
        }
    }

    private Arguments testArguments() {
        if (take("(")) {
            return arguments();
        }
        Token token = peek();
        boolean operand = switch (token.kind()) {
            case NAME -> !Set.of("else", "or", "and", "is", "if", "not", "in").contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            default -> false;
        };
        return operand ? new Arguments(List.of(postfix(primary())), java.util.Map.of()) : Arguments.NONE;
    }
}
