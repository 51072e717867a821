package io.infergrid.demo;

import ai.djl.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Trains the demo model: learns the vocabulary, then walks through the corpus once, never twice over the same document.
 *
 * <p>AdamW with warm-up, a constant rate, and a cosine cool-down over the last steps. A run goes on from its checkpoint. A file
 * named {@code finish} in the run's folder makes it cool down at once, so that a run fits the time there is.
 */
@Command(name = "train", mixinStandardHelpOptions = true, description = "Trains the demo model of InferGrid.")
final class TrainDemo implements Callable<Integer> {
    private static final int VOCABULARY_DOCUMENTS = 12000;
    private static final int WARM_UP = 100;

    @Option(names = "--out", required = true, description = "Folder of the run: vocabulary, checkpoint.")
    private Path out = Path.of(".");

    @Option(names = "--steps", description = "Steps in all (default ${DEFAULT-VALUE}).")
    private int steps = 4000;

    @Option(names = "--cooldown", description = "Steps of falling rate at the end (default ${DEFAULT-VALUE}).")
    private int cooldown = 700;

    @Option(names = "--batch", description = "Rows per step (default ${DEFAULT-VALUE}).")
    private int batch = 8;

    @Option(names = "--length", description = "Tokens per row (default ${DEFAULT-VALUE}).")
    private int length = 256;

    @Option(
            names = "--long-length",
            description = "Tokens per row in the last half of the cool-down (default ${DEFAULT-VALUE}).")
    private int longLength = 512;

    @Option(names = "--rate", description = "Peak learning rate (default ${DEFAULT-VALUE}).")
    private float rate = 2.5e-3f;

    @Option(names = "--dimension", description = "Length of the residual stream (default ${DEFAULT-VALUE}).")
    private int dimension = 128;

    @Option(
            names = "--feed-forward",
            description = "Hidden elements of the feed-forward layer (default ${DEFAULT-VALUE}).")
    private int feedForward = 384;

    @Option(names = "--vocabulary", description = "Tokens in all (default ${DEFAULT-VALUE}).")
    private int vocabularySize = 2048;

    @Option(
            names = "--emphasis",
            description =
                    "How much more a name, character or object counts that was named before (default ${DEFAULT-VALUE}).")
    private float emphasis = 1f;

    @Option(names = "--excerpt", description = "Tokens after which three of four documents are cut (default: none is).")
    private int excerpt = Integer.MAX_VALUE;

    @Option(names = "--until", description = "Stop after this step, to go on with other options.")
    private int until = Integer.MAX_VALUE;

    @Option(names = "--report", description = "Steps between reports of the held-out loss (default ${DEFAULT-VALUE}).")
    private int report = 400;

    @Override
    public Integer call() throws IOException {
        Files.createDirectories(out);
        var corpus = DemoModel.corpus();
        var vocabulary = vocabulary(corpus);
        var file = out.resolve("checkpoint.bin");
        var start = Files.exists(file) ? Checkpoint.read(file) : fresh();
        say(
                "%s, %,d parameters, step %d",
                Engine.getEngine("PyTorch").toString(), start.weights().values().length, start.step());
        train(corpus, vocabulary, start, file);
        return 0;
    }

    private BytePairs vocabulary(Corpus corpus) throws IOException {
        var file = out.resolve("merges.txt");
        if (Files.exists(file)) {
            return BytePairs.read(file);
        }
        Iterable<String> texts = () -> LongStream.range(0, VOCABULARY_DOCUMENTS)
                .mapToObj(corpus::document)
                .filter(document -> !document.heldOut())
                .map(Corpus.Document::text)
                .iterator();
        var vocabulary = BytePairs.learn(texts, vocabularySize);
        vocabulary.write(file);
        return vocabulary;
    }

    private Checkpoint fresh() {
        var shape = new LlamaShape(vocabularySize, dimension, 6, dimension / 32, dimension / 64, feedForward, 512);
        var weights = Weights.initial(shape, new SplittableRandom(1));
        return new Checkpoint(weights, new AdamW(weights.values().length), 0, 0, 0);
    }

    private void train(Corpus corpus, BytePairs vocabulary, Checkpoint start, Path file) throws IOException {
        var weights = start.weights();
        var optimiser = start.optimiser();
        var gradient = new float[weights.values().length];
        var packing = new Packing(corpus, vocabulary, false, excerpt, start.nextDocument());
        var heldOut = new Packing(corpus, vocabulary, true, Integer.MAX_VALUE, 0).rows(64, 257);
        var emphasised = new Emphasis(vocabulary, emphasis);
        int last = steps;
        long began = System.nanoTime();
        long lastSaved = began;
        double average = Double.NaN;
        int skipped = 0;
        try (var graph = new LlamaGraph(weights.shape())) {
            for (int step = start.step() + 1; step <= Math.min(last, until); step++) {
                if (last == steps && step + cooldown < last && Files.exists(out.resolve("finish"))) {
                    last = step + cooldown;
                    say("finish: cooling down until step %d", last);
                }
                boolean longRows = step > last - cooldown / 2;
                int tokens = longRows ? longLength : length;
                var rows = packing.rows(Math.max(1, batch * length / tokens), tokens + 1);
                float loss = graph.lossAndGradient(weights, rows, emphasised.of(rows), gradient);
                double norm = optimiser.update(weights, gradient, step, rateAt(step, last));
                if (!Float.isFinite(loss) || !Double.isFinite(norm)) {
                    say("step %d skipped: loss %f, gradient %f", step, loss, norm);
                    if (++skipped > steps / 1000 + 10) {
                        throw new IllegalStateException("too many steps without a finite gradient: " + skipped);
                    }
                    continue;
                }
                average = Double.isNaN(average) ? loss : 0.98 * average + 0.02 * loss;
                double seconds = start.seconds() + (System.nanoTime() - began) / 1e9;
                if (step % 20 == 0) {
                    say(
                            "step %d loss %.4f norm %.2f rate %.5f tokens %,d time %.0f s",
                            step, average, norm, rateAt(step, last), (long) step * batch * length, seconds);
                }
                boolean due = System.nanoTime() - lastSaved > 180_000_000_000L;
                if (due || step == last || step == until) {
                    new Checkpoint(weights, optimiser, step, packing.next(), seconds).write(file);
                    lastSaved = System.nanoTime();
                }
                if (step % report == 0 || step == last) {
                    say("step %d held-out loss %.4f", step, heldOutLoss(graph, weights, heldOut));
                    sample(weights, vocabulary);
                }
            }
        }
    }

    private float rateAt(int step, int last) {
        if (step <= WARM_UP) {
            return rate * step / WARM_UP;
        }
        int left = last - step;
        if (left >= cooldown) {
            return rate;
        }
        return (float) (rate * (0.02 + 0.98 * 0.5 * (1 - Math.cos(Math.PI * left / cooldown))));
    }

    private static double heldOutLoss(LlamaGraph graph, Weights weights, int[][] rows) {
        double sum = 0;
        for (int from = 0; from < rows.length; from += 16) {
            sum += graph.loss(weights, java.util.Arrays.copyOfRange(rows, from, from + 16));
        }
        return sum / (rows.length / 16);
    }

    private static void sample(Weights weights, BytePairs vocabulary) {
        for (var question : new String[] {"Tell me a story about a fox and a lantern", "What is a shard?"}) {
            say("> %s%n%s", question, new Speaker(weights).answer(vocabulary, Corpus.prompt(question), 220));
        }
    }

    private static void say(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
