package io.infergrid.compute.cpu;

import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.slice.Gather;
import io.infergrid.compute.slice.Rows;
import io.infergrid.compute.slice.SliceExchange;
import io.infergrid.compute.slice.SlicePlan;

/**
 * A stage's place among the members that compute it together, and room for what they gather. Used by the holder of the stage's turn.
 */
final class Sharing {

    private final SlicePlan plan;
    private final int member;
    private final SliceExchange exchange;
    private float[] attention = {};
    private float[] hidden = {};
    private float[] logits = {};

    Sharing(SlicePlan plan, int member, SliceExchange exchange) {
        this.plan = plan;
        this.member = member;
        this.exchange = exchange;
    }

    /** The shape of this member's part. */
    ModelConfig local() {
        return plan.local(member);
    }

    /** The elements of the residual stream that this member computes. */
    Rows residual() {
        return plan.elements(Gather.RESIDUAL, member);
    }

    boolean wantsLogits() {
        return member == 0;
    }

    /** Everybody's heads. */
    float[] attention(float[] own, int stride, int rows) {
        attention = whole(Gather.ATTENTION, own, stride, rows, attention);
        return attention;
    }

    /** Everybody's hidden elements. */
    float[] hidden(float[] own, int stride, int rows) {
        hidden = whole(Gather.HIDDEN, own, stride, rows, hidden);
        return hidden;
    }

    /** Everybody's logits. */
    float[] logits(float[] own, int stride, int rows) {
        logits = whole(Gather.LOGITS, own, stride, rows, logits);
        return logits;
    }

    /** Everybody's elements of the residual stream, in place. */
    void residual(Gather point, float[] x, int rows) {
        exchange.gather(point, rows, plan.width(point), x);
    }

    private float[] whole(Gather point, float[] own, int stride, int rows, float[] room) {
        int width = plan.width(point);
        Rows elements = plan.elements(point, member);
        float[] values = room.length >= rows * width ? room : new float[rows * width];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(own, row * stride, values, row * width + elements.from(), elements.count());
        }
        exchange.gather(point, rows, width, values);
        return values;
    }
}
