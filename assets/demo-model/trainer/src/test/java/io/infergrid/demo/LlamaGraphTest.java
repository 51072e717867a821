package io.infergrid.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LlamaGraphTest {
    private static final LlamaShape SHAPE = new LlamaShape(300, 64, 3, 2, 1, 96, 64);

    @Test
    void the_graph_and_the_plain_forward_pass_agree() {
        var weights = Weights.initial(SHAPE, new SplittableRandom(3));
        for (int i = 0; i < weights.values().length; i++) {
            weights.values()[i] *= 3; // so that attention is not flat
        }
        var tokens = new SplittableRandom(4).ints(40, 0, 300).toArray();
        try (var graph = new LlamaGraph(SHAPE, -1)) {
            var expected = graph.logits(weights, tokens);
            var speaker = new Speaker(weights);
            for (int t = 0; t < tokens.length; t++) {
                assertThat(speaker.accept(tokens[t])).containsExactly(expected[t], within(1e-3f));
            }
        }
    }

    @Test
    void a_document_in_the_middle_of_a_row_sees_nothing_of_the_one_before() {
        var weights = Weights.initial(SHAPE, new SplittableRandom(3));
        int begin = 7;
        var one = new SplittableRandom(4).ints(20, 8, 300).toArray();
        var other = new SplittableRandom(5).ints(20, 8, 300).toArray();
        one[10] = begin;
        other[10] = begin;
        System.arraycopy(one, 10, other, 10, 10);
        try (var graph = new LlamaGraph(SHAPE, begin)) {
            var first = graph.logits(weights, one);
            var second = graph.logits(weights, other);
            for (int t = 10; t < 20; t++) {
                assertThat(second[t]).containsExactly(first[t], within(1e-4f));
            }
            assertThat(second[9]).isNotEqualTo(first[9]);
        }
    }

    @Test
    void the_gradient_is_the_slope_of_the_loss() {
        var weights = Weights.initial(SHAPE, new SplittableRandom(3));
        var rows = new int[][] {new SplittableRandom(4).ints(17, 0, 300).toArray()};
        var gradient = new float[weights.values().length];
        try (var graph = new LlamaGraph(SHAPE, -1)) {
            graph.lossAndGradient(weights, rows, even(rows), gradient);
            double square = 0;
            for (float g : gradient) {
                square += (double) g * g;
            }
            // a small step along the gradient changes the loss by step * |g|
            float step = (float) (0.01 / Math.sqrt(square));
            shift(weights, gradient, step);
            float up = graph.loss(weights, rows);
            shift(weights, gradient, -2 * step);
            float down = graph.loss(weights, rows);
            double expected = 2 * step * square;
            assertThat((double) up - down).isCloseTo(expected, within(0.03 * expected));
        }
    }

    @Test
    void training_on_one_row_learns_it() {
        var weights = Weights.initial(SHAPE, new SplittableRandom(3));
        var optimiser = new AdamW(weights.values().length);
        var rows = new int[][] {new SplittableRandom(4).ints(33, 0, 300).toArray()};
        var gradient = new float[weights.values().length];
        try (var graph = new LlamaGraph(SHAPE, -1)) {
            float loss = Float.MAX_VALUE;
            for (int step = 1; step <= 80; step++) {
                loss = graph.lossAndGradient(weights, rows, even(rows), gradient);
                optimiser.update(weights, gradient, step, 3e-3f);
            }
            assertThat(loss).isLessThan(0.5f);
        }
    }

    private static float[] even(int[][] rows) {
        var even = new float[rows.length * (rows[0].length - 1)];
        Arrays.fill(even, 1f);
        return even;
    }

    private static void shift(Weights weights, float[] direction, float step) {
        for (int i = 0; i < direction.length; i++) {
            weights.values()[i] += step * direction[i];
        }
    }
}
