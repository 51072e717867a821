package io.infergrid.grid.pipeline;

import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.Stage.Work;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A session's next positions, computed in one part or several; what comes out is the same. */
final class PartedWork {

    private final Work whole;
    private final List<StageOutput> outputs = new ArrayList<>();
    private int done;

    PartedWork(Work whole) {
        this.whole = whole;
    }

    int positions() {
        return whole.input().positions();
    }

    /** Positions that are not computed yet. */
    int left() {
        return positions() - done;
    }

    /** The next so many positions. */
    Work next(int positions) {
        return positions == positions() ? whole : new Work(whole.session(), part(positions), whole.wanted());
    }

    private StageInput part(int positions) {
        return switch (whole.input()) {
            case StageInput.Tokens(int[] ids) -> new StageInput.Tokens(Arrays.copyOfRange(ids, done, done + positions));
            case Boundary(int all, int dimension, byte[] wire) ->
                new Boundary(
                        positions,
                        dimension,
                        Arrays.copyOfRange(wire, done * dimension * 2, (done + positions) * dimension * 2));
        };
    }

    void computed(int positions, StageOutput output) {
        done += positions;
        outputs.add(output);
    }

    /** What the whole would have given in one part. */
    StageOutput output() {
        if (outputs.size() == 1) {
            return outputs.getFirst();
        }
        return switch (outputs.getLast()) {
            case StageOutput.Logits last when whole.wanted() == LogitsWanted.LAST -> last;
            case StageOutput.Logits last ->
                new StageOutput.Logits(outputs.stream()
                        .flatMap(part -> Arrays.stream(((StageOutput.Logits) part).values()))
                        .toArray(float[][]::new));
            case Boundary last -> {
                byte[] wire = new byte[positions() * last.dimension() * 2];
                int at = 0;
                for (StageOutput part : outputs) {
                    byte[] some = ((Boundary) part).wire();
                    System.arraycopy(some, 0, wire, at, some.length);
                    at += some.length;
                }
                yield new Boundary(positions(), last.dimension(), wire);
            }
        };
    }
}
