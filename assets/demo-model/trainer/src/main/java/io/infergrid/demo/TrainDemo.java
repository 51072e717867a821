package io.infergrid.demo;

import ai.djl.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Trains the demo model: learns the vocabulary, then walks through the corpus once, never twice over the same document.
 *
 * <p>One schedule from the first step to the last: AdamW with warm-up, a constant rate, and a cosine cool-down over the last
 * steps; copying heads are grafted after {@link #GRAFT} steps; from then on what was named before counts {@link #EMPHASIS} times,
 * which fades to {@link #LATE_EMPHASIS} and ends at one; rows are short first and long later. A run goes on from its checkpoint
 * as if it had never stopped. A file named {@code finish} in the run's folder makes it cool down at once, so that a run fits the
 * time there is: it is then the run of that many steps.
 */
@Command(name = "train", mixinStandardHelpOptions = true, description = "Trains the demo model of InferGrid.")
final class TrainDemo implements Callable<Integer> {
    private static final int VOCABULARY_DOCUMENTS = 12000;
    private static final int WARM_UP = 100;
    private static final int GRAFT = 300;
    private static final float EMPHASIS = 8f;
    private static final float LATE_EMPHASIS = 2f;
    private static final int FADE_FROM = 1200;
    private static final int FADE_TO = 3000;

    @Option(names = "--out", required = true, description = "Folder of the run: vocabulary, checkpoint.")
    private Path out = Path.of(".");

    @Option(names = "--steps", description = "Steps in all (default ${DEFAULT-VALUE}).")
    private int steps = 6000;

    @Option(names = "--cooldown", description = "Steps of falling rate at the end (default ${DEFAULT-VALUE}).")
    private int cooldown = 1700;

    @Option(names = "--batch", description = "Rows per step (default ${DEFAULT-VALUE}).")
    private int batch = 8;

    @Option(names = "--length", description = "Tokens per row (default ${DEFAULT-VALUE}).")
    private int length = 256;

    @Option(
            names = "--long-length",
            description = "Tokens per row once the emphasis has faded (default ${DEFAULT-VALUE}).")
    private int longLength = 512;

    @Option(names = "--rate", description = "Peak learning rate (default ${DEFAULT-VALUE}).")
    private float rate = 2e-3f;

    @Option(names = "--dimension", description = "Length of the residual stream (default ${DEFAULT-VALUE}).")
    private int dimension = 128;

    @Option(
            names = "--feed-forward",
            description = "Hidden elements of the feed-forward layer (default ${DEFAULT-VALUE}).")
    private int feedForward = 384;

    @Option(names = "--vocabulary", description = "Tokens in all (default ${DEFAULT-VALUE}).")
    private int vocabularySize = 2048;

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
        // the cast's words once more, often enough that each becomes one token
        var cast = Stream.of(Cast.KINDS, Cast.thingNouns(), Cast.names(), Cast.looks())
                .flatMap(List::stream)
                .flatMap(word -> Collections.nCopies(VOCABULARY_DOCUMENTS / 50, " " + word).stream());
        Iterable<String> texts = () -> Stream.concat(
                        cast,
                        LongStream.range(0, VOCABULARY_DOCUMENTS)
                                .mapToObj(corpus::document)
                                .filter(document -> !document.heldOut())
                                .map(Corpus.Document::text))
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
        var packing = new Packing(corpus, vocabulary, false, start.nextDocument());
        var heldOut = new Packing(corpus, vocabulary, true, 0).rows(64, 257);
        var emphasis = new Emphasis(vocabulary);
        int last = steps;
        long began = System.nanoTime();
        long lastSaved = began;
        double average = Double.NaN;
        int skipped = 0;
        try (var graph = new LlamaGraph(weights.shape(), vocabulary.id(Corpus.BOS))) {
            for (int step = start.step() + 1; step <= Math.min(last, until); step++) {
                if (last == steps && Files.exists(out.resolve("finish"))) {
                    last = Math.min(steps, finish(step));
                    say("finish: the last step is %d", last);
                }
                if (step == GRAFT) {
                    CopyHeads.graft(weights, optimiser, vocabulary);
                }
                int tokens = step > Math.min(FADE_TO, last - cooldown) ? longLength : length;
                var rows = packing.rows(Math.max(1, batch * length / tokens), tokens + 1);
                float loss = graph.lossAndGradient(weights, rows, emphasis.of(rows, emphasisAt(step, last)), gradient);
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

    // an empty file means: from here; then it keeps the last step, for a run that goes on
    private int finish(int step) throws IOException {
        var file = out.resolve("finish");
        var text = Files.readString(file).strip();
        if (text.isEmpty()) {
            text = Integer.toString(step + cooldown);
            Files.writeString(file, text);
        }
        return Integer.parseInt(text);
    }

    private float emphasisAt(int step, int last) {
        if (step < GRAFT) {
            return 1f;
        }
        double faded = Math.clamp((step - FADE_FROM) / (double) (FADE_TO - FADE_FROM), 0, 1);
        double ended = Math.clamp((step - (last - cooldown)) / (0.5 * cooldown), 0, 1);
        double early = EMPHASIS * Math.pow(LATE_EMPHASIS / EMPHASIS, faded);
        return (float) Math.pow(early, 1 - ended);
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
        for (var question : new String[] {
            "Tell me a story about a fox and a lantern",
            "Tell me a story about an owl who lost a key",
            "What is a shard?"
        }) {
            say("> %s%n%s", question, new Speaker(weights).answer(vocabulary, Corpus.prompt(question), 220));
        }
    }

    private static void say(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
