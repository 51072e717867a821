package io.infergrid.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.LongStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that makes the demo model: look at the corpus, train, let it say something, export it. */
@Command(
        name = "demo-model",
        mixinStandardHelpOptions = true,
        subcommands = {TrainDemo.class, ExportDemo.class, EvaluateDemo.class},
        description = "Makes the demo model of InferGrid.")
public final class DemoModel {
    private static final long CORPUS_SEED = 20261121;

    private DemoModel() {}

    /** Entry point. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new DemoModel()).execute(arguments));
    }

    static Corpus corpus() {
        return new Corpus(CORPUS_SEED);
    }

    @Command(name = "corpus", description = "Prints documents of the corpus.")
    int corpus(
            @Option(names = "--from", defaultValue = "0", description = "First document.") long from,
            @Option(names = "--count", defaultValue = "20", description = "How many.") long count) {
        var corpus = corpus();
        LongStream.range(from, from + count)
                .mapToObj(corpus::document)
                .forEach(document -> System.out.println(
                        (document.heldOut() ? "(held out) " : "") + document.text() + System.lineSeparator()));
        return 0;
    }

    @Command(name = "say", description = "Answers questions from a run's checkpoint, greedily, in plain Java.")
    int say(
            @Option(names = "--run", required = true, description = "Folder of the run.") Path run,
            @Parameters(description = "Questions.") String[] questions)
            throws IOException {
        var vocabulary = BytePairs.read(run.resolve("merges.txt"));
        var checkpoint = Checkpoint.read(run.resolve("checkpoint.bin"));
        for (var question : questions) {
            System.out.printf(Locale.ROOT, "> %s%n", question);
            System.out.println(new Speaker(checkpoint.weights()).answer(vocabulary, Corpus.prompt(question), 300));
        }
        return 0;
    }
}
