package io.infergrid.compute.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {

    private static final float[] LOGITS = {1f, 3f, 2f, 3f, -1f, 0.5f};

    @Test
    void the_generator_gives_the_published_known_answers() {
        // kat_vectors of Random123, philox4x32 10
        assertThat(GumbelNoise.philox(0, 0, 0, 0, 0, 0)).containsExactly(0xE169C58D_6627E8D5L, 0x9B00DBD8_BC57AC4CL);
        assertThat(GumbelNoise.philox(-1, -1, -1, -1, -1, -1))
                .containsExactly(0x41C83B0E_408F276DL, 0x6D5451FD_A20BC7C6L);
        assertThat(GumbelNoise.philox(0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0))
                .containsExactly(0x94FDCCEB_D16CFE09L, 0x24126EA1_5001E420L);
    }

    @Test
    void greedy_takes_the_lowest_id_of_the_greatest() {
        assertThat(new Sampler(SamplingParameters.GREEDY).next(LOGITS, 0)).isEqualTo(1);
        assertThat(new Sampler(SamplingParameters.GREEDY).next(new float[] {-0f, 0f}, 0))
                .isZero();
    }

    @Test
    void draws_follow_the_softmax() {
        var sampler = new Sampler(SamplingParameters.of(1, 0, 1, 42));
        assertFollows(sampler, softmax(LOGITS, 1));
    }

    @Test
    void temperature_flattens_and_sharpens() {
        assertFollows(new Sampler(SamplingParameters.of(2, 0, 1, 7)), softmax(LOGITS, 2));
        assertFollows(new Sampler(SamplingParameters.of(0.7f, 0, 1, 8)), softmax(LOGITS, 0.7f));
    }

    @Test
    void top_k_keeps_the_most_probable_with_low_ids_first() {
        var sampler = new Sampler(SamplingParameters.of(1, 3, 1, 9));
        float[] kept = LOGITS.clone();
        kept[0] = kept[4] = kept[5] = Float.NEGATIVE_INFINITY;
        assertFollows(sampler, softmax(kept, 1));
        assertThat(draws(new Sampler(SamplingParameters.of(100, 1, 1, 9)), LOGITS, 100))
                .containsOnly(1);
    }

    @Test
    void top_p_keeps_the_fewest_that_have_the_share() {
        // softmax of 3, 3, 2, 1, 0.5, -1: 0.37, 0.37, 0.14, ...
        assertThat(draws(new Sampler(SamplingParameters.of(5, 0, 0.7f, 1)), LOGITS, 500))
                .containsOnly(1, 3);
        assertThat(draws(new Sampler(SamplingParameters.of(5, 0, 0.8f, 1)), LOGITS, 500))
                .containsOnly(1, 2, 3);
        assertThat(draws(new Sampler(SamplingParameters.of(5, 0, 0.001f, 1)), LOGITS, 100))
                .containsOnly(1);
    }

    @Test
    void min_p_keeps_what_is_near_the_most_probable() {
        var sampler = new Sampler(new SamplingParameters(5, 0, 1, 0.3f, 1, 1));
        assertThat(draws(sampler, LOGITS, 500)).containsOnly(1, 2, 3);
    }

    @Test
    void repetition_is_penalised_once_a_token() {
        var sampler = new Sampler(new SamplingParameters(0, 0, 1, 0, 2, 1));
        assertThat(sampler.next(LOGITS, 0, 1, 1, 1)).isEqualTo(3);
        assertThat(sampler.next(LOGITS, 0, 1, 3)).isEqualTo(2);
        assertThat(sampler.next(new float[] {-1, -1.5f}, 0, 0)).isEqualTo(1);
    }

    @Test
    void a_draw_depends_on_nothing_but_its_arguments() {
        var logits = randomLogits(4096, 3);
        var parameters = new SamplingParameters(0.8f, 40, 0.95f, 0.01f, 1.1f, 123);
        int[] forward = IntStream.range(0, 300)
                .map(position -> new Sampler(parameters).next(logits, position, 5, 6))
                .toArray();
        var shared = new Sampler(parameters);
        int[] backward = new int[300];
        for (int position = 299; position >= 0; position--) {
            backward[position] = shared.next(logits, position, 6, 5);
        }
        int[] parallel = IntStream.range(0, 300)
                .parallel()
                .map(position -> shared.next(logits, position, 5, 6))
                .toArray();
        assertThat(backward).isEqualTo(forward);
        assertThat(parallel).isEqualTo(forward);
    }

    @Test
    void skipping_logarithms_never_changes_the_winner() {
        for (int seed = 0; seed < 200; seed++) {
            float[] logits = randomLogits(1000, seed);
            int drawn = new Sampler(SamplingParameters.of(1.3f, 0, 1, seed)).next(logits, seed);
            int best = 0;
            double most = Double.NEGATIVE_INFINITY;
            for (int token = 0; token < logits.length; token++) {
                double score = (double) logits[token] / 1.3f + GumbelNoise.of(seed, seed, token);
                if (score > most) {
                    most = score;
                    best = token;
                }
            }
            assertThat(drawn).isEqualTo(best);
        }
    }

    @Test
    void these_draws_never_change() {
        var sampler = new Sampler(SamplingParameters.of(1, 0, 1, 2026));
        float[] flat = new float[1000];
        // computed independently, with Python's math module
        assertThat(IntStream.range(0, 8).map(position -> sampler.next(flat, position)))
                .containsExactly(25, 917, 670, 773, 584, 35, 759, 55);
    }

    @Test
    void faults_in_logits_are_seen() {
        var sampler = new Sampler(SamplingParameters.GREEDY);
        assertThatThrownBy(() -> sampler.next(new float[] {1, Float.NaN}, 0))
                .hasMessage("expected finite logits, found NaN for token 1");
        assertThatThrownBy(() -> sampler.next(new float[] {Float.POSITIVE_INFINITY}, 0))
                .hasMessage("expected finite logits, found Infinity for token 0");
        assertThatThrownBy(() -> sampler.next(new float[] {Float.NEGATIVE_INFINITY}, 0))
                .hasMessage("expected a finite logit, found none among 1");
    }

    @Test
    void parameters_are_bounded() {
        assertThatThrownBy(() -> SamplingParameters.of(Float.NaN, 0, 1, 0)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> SamplingParameters.of(1, -1, 1, 0)).hasMessageContaining("top-k");
        assertThatThrownBy(() -> SamplingParameters.of(1, 0, 0, 0)).hasMessageContaining("top-p");
    }

    /** Pearson's chi-square at a significance of 0.001; with fixed seeds it passes always or never. */
    private static void assertFollows(Sampler sampler, double[] probabilities) {
        int n = 20_000;
        int[] counts = new int[probabilities.length];
        draws(sampler, LOGITS, n).forEach(token -> counts[token]++);
        double chiSquare = 0;
        int cells = 0;
        for (int i = 0; i < counts.length; i++) {
            if (probabilities[i] == 0) {
                assertThat(counts[i]).isZero();
                continue;
            }
            double expected = n * probabilities[i];
            chiSquare += (counts[i] - expected) * (counts[i] - expected) / expected;
            cells++;
        }
        double[] limit = {0, 10.8, 13.8, 16.3, 18.5, 20.5};
        assertThat(chiSquare).isLessThan(limit[cells - 1]);
    }

    private static IntStream draws(Sampler sampler, float[] logits, int n) {
        return IntStream.range(0, n).map(position -> sampler.next(logits, position));
    }

    private static double[] softmax(float[] logits, float temperature) {
        double[] weights = new double[logits.length];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = StrictMath.exp((double) logits[i] / temperature);
        }
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(w -> w / sum).toArray();
    }

    private static float[] randomLogits(int size, long seed) {
        var random = new Random(seed);
        float[] logits = new float[size];
        for (int i = 0; i < size; i++) {
            logits[i] = (float) (3 * random.nextGaussian());
        }
        return logits;
    }
}
