package io.infergrid.grid.pipeline;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * Steps that wait for the engine, and the choice of those that it computes together. A session has at most one step here, so the order of
 * arrival is a round robin: no session is served twice while another waits. Not thread-safe.
 *
 * @param <T> a step
 */
final class StepQueue<T> {

    /**
     * What one batch may hold.
     *
     * @param sessions most steps
     * @param positions most positions over all steps; one step alone may have more
     */
    record Limits(int sessions, int positions) {

        /** Beyond these a batch takes longer and gains little: its matrices are long enough for any device's units. */
        static final Limits DEFAULT = new Limits(64, 256);
    }

    private final Limits limits;
    private final Function<T, Object> stage;
    private final ToIntFunction<T> positions;
    private final LinkedList<T> waiting = new LinkedList<>();

    /**
     * @param stage what two steps must share to be computed together, by identity
     * @param positions that a step appends
     */
    StepQueue(Limits limits, Function<T, Object> stage, ToIntFunction<T> positions) {
        this.limits = limits;
        this.stage = stage;
        this.positions = positions;
    }

    void add(T step) {
        waiting.add(step);
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    int size() {
        return waiting.size();
    }

    /** Drops the steps that nobody waits for any more. */
    void removeIf(Predicate<T> dead) {
        waiting.removeIf(dead);
    }

    /**
     * Takes the next batch: the step that has waited longest, then steps of one position of the same stage, which are tokens that
     * somebody watches, then chunks of prompts, each in the order of arrival, as far as the limits go.
     *
     * @return at least one step if there was one
     */
    List<T> next() {
        var batch = new ArrayList<T>();
        if (waiting.isEmpty()) {
            return batch;
        }
        T oldest = waiting.removeFirst();
        batch.add(oldest);
        int room = limits.positions() - positions.applyAsInt(oldest);
        room = take(batch, room, step -> positions.applyAsInt(step) == 1);
        take(batch, room, step -> true);
        return batch;
    }

    private int take(List<T> batch, int room, Predicate<T> kind) {
        Object on = stage.apply(batch.getFirst());
        int left = room;
        for (Iterator<T> steps = waiting.iterator(); steps.hasNext() && batch.size() < limits.sessions(); ) {
            T step = steps.next();
            if (stage.apply(step) == on && kind.test(step) && positions.applyAsInt(step) <= left) {
                batch.add(step);
                left -= positions.applyAsInt(step);
                steps.remove();
            }
        }
        return left;
    }
}
