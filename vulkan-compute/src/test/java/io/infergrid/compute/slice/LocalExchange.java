package io.infergrid.compute.slice;

import java.util.Arrays;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Members of a sliced stage that are threads of one process. */
public final class LocalExchange {

    private final SlicePlan plan;
    private final CyclicBarrier all;
    private final float[][] said;
    private final Gather[] points;

    public LocalExchange(SlicePlan plan) {
        this.plan = plan;
        int members = plan.members();
        all = new CyclicBarrier(members);
        said = new float[members][];
        points = new Gather[members];
    }

    public SliceExchange of(int member) {
        return (point, positions, width, values) -> {
            said[member] = Arrays.copyOf(values, positions * width);
            points[member] = point;
            meet();
            for (int other = 0; other < plan.members(); other++) {
                if (points[other] != point || said[other].length != positions * width) {
                    throw new SliceLostException(
                            "expected " + point + " of member " + other + ", found " + points[other]);
                }
                Rows theirs = plan.elements(point, other);
                for (int p = 0; p < positions && (point != Gather.LOGITS || member == 0); p++) {
                    int at = p * width + theirs.from();
                    System.arraycopy(said[other], at, values, at, theirs.count());
                }
            }
            meet();
        };
    }

    /** A member has failed: nobody waits for it. */
    public void giveUp() {
        all.reset();
    }

    private void meet() {
        try {
            all.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new SliceLostException("another member has failed", e);
        }
    }
}
