package io.infergrid.compute.vulkan;

import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageLimits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a session was given, so that its positions can be computed again: four bytes a position for tokens, those of the boundary
 * for a stage behind the first. Single positions are joined as far as a page of them.
 */
final class SessionInputs {

    private final List<StageInput> chunks = new ArrayList<>();
    private int positions;

    int positions() {
        return positions;
    }

    void add(StageInput input) {
        if (!chunks.isEmpty() && chunks.getLast().positions() + input.positions() <= StageLimits.PAGE_POSITIONS) {
            chunks.add(joined(chunks.removeLast(), input));
        } else {
            chunks.add(input);
        }
        positions += input.positions();
    }

    void rewind(int to) {
        while (positions > to) {
            StageInput last = chunks.removeLast();
            positions -= last.positions();
            if (positions < to) {
                chunks.add(slice(last, 0, to - positions));
                positions = to;
            }
        }
    }

    /** What was given from a position on, in order. */
    List<StageInput> from(int position) {
        var rest = new ArrayList<StageInput>();
        int at = 0;
        for (StageInput chunk : chunks) {
            int end = at + chunk.positions();
            if (end > position) {
                rest.add(slice(chunk, Math.max(0, position - at), chunk.positions()));
            }
            at = end;
        }
        return rest;
    }

    private static StageInput joined(StageInput first, StageInput then) {
        return switch (first) {
            case StageInput.Tokens tokens -> {
                int[] more = ((StageInput.Tokens) then).ids();
                int[] ids = Arrays.copyOf(tokens.ids(), tokens.positions() + more.length);
                System.arraycopy(more, 0, ids, tokens.positions(), more.length);
                yield new StageInput.Tokens(ids);
            }
            case Boundary boundary -> {
                byte[] more = ((Boundary) then).wire();
                byte[] wire = Arrays.copyOf(boundary.wire(), boundary.wire().length + more.length);
                System.arraycopy(more, 0, wire, boundary.wire().length, more.length);
                yield new Boundary(boundary.positions() + then.positions(), boundary.dimension(), wire);
            }
        };
    }

    private static StageInput slice(StageInput input, int from, int to) {
        if (from == 0 && to == input.positions()) {
            return input;
        }
        return switch (input) {
            case StageInput.Tokens tokens -> new StageInput.Tokens(Arrays.copyOfRange(tokens.ids(), from, to));
            case Boundary boundary -> {
                int bytes = 2 * boundary.dimension();
                yield new Boundary(
                        to - from, boundary.dimension(), Arrays.copyOfRange(boundary.wire(), from * bytes, to * bytes));
            }
        };
    }
}
