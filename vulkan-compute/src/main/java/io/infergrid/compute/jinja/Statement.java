package io.infergrid.compute.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a template does. */
sealed interface Statement {

    record Data(Text text) implements Statement {}

    record Output(Expression value) implements Statement {}

    record If(Expression condition, List<Statement> then, List<Statement> otherwise) implements Statement {}

    record For(
            List<String> names,
            Expression over,
            @Nullable Expression condition,
            List<Statement> body,
            List<Statement> otherwise)
            implements Statement {}

    /** Targets are names, or one attribute of a namespace. */
    record Set(List<Expression> targets, Expression value) implements Statement {}

    record SetBlock(String name, List<Statement> body) implements Statement {}

    record Macro(String name, List<String> parameters, List<@Nullable Expression> defaults, List<Statement> body)
            implements Statement {}

    record Break() implements Statement {}

    record Continue() implements Statement {}
}
