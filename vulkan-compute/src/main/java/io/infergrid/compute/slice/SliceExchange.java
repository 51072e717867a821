package io.infergrid.compute.slice;

/**
 * How a member of a sliced stage gets what the other members have computed. All members make the same calls in the same order. Used by the
 * thread that computes.
 */
public interface SliceExchange {

    /**
     * Fills in the others' elements. At {@link Gather#LOGITS} only member 0 gets any.
     *
     * @param values {@code [positions][width]}, in which this member's elements ({@link SlicePlan#elements}) are set
     * @throws SliceLostException if another member cannot be heard; the stage's sessions have not moved then
     */
    void gather(Gather point, int positions, int width, float[] values);
}
