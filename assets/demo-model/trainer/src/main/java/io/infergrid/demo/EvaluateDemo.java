package io.infergrid.demo;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The loss of an exported file on held-out documents, through the product's own tokenizer and engine. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description = "Held-out loss of a GGUF through the product's engine.")
final class EvaluateDemo implements Callable<Integer> {
    @Option(names = "--model", required = true, description = "The GGUF.")
    private Path model = Path.of("demo.gguf");

    @Option(names = "--documents", description = "Held-out documents to read (default ${DEFAULT-VALUE}).")
    private int documents = 300;

    @Override
    public Integer call() throws IOException {
        double nats = 0;
        long tokens = 0;
        try (var gguf = GgufFile.open(model);
                var backend = new CpuBackend();
                var stage = backend.load(
                        gguf, StageSpec.whole(ModelConfig.of(gguf.metadata()).blocks()))) {
            var tokenizer = Tokenizer.of(gguf.metadata());
            int context = stage.config().contextLength();
            for (var text : heldOut()) {
                var whole = tokenizer.encode(text, false, true);
                var ids = Arrays.copyOf(whole, Math.min(whole.length, context));
                try (var session = stage.open(ids.length)) {
                    var output = session.forward(new StageInput.Tokens(ids), LogitsWanted.ALL);
                    if (!(output instanceof StageOutput.Logits(float[][] logits))) {
                        throw new IllegalStateException("expected logits, found " + output);
                    }
                    for (int t = 0; t + 1 < ids.length; t++) {
                        nats -= logProbability(logits[t], ids[t + 1]);
                    }
                    tokens += ids.length - 1;
                }
            }
        }
        double loss = nats / tokens;
        System.out.printf(
                Locale.ROOT,
                "%d held-out documents, %,d tokens: cross entropy %.4f nats, perplexity %.3f%n",
                documents,
                tokens,
                loss,
                Math.exp(loss));
        return 0;
    }

    private java.util.List<String> heldOut() {
        var corpus = DemoModel.corpus();
        return LongStream.iterate(0, i -> i + 1)
                .mapToObj(corpus::document)
                .filter(Corpus.Document::heldOut)
                .limit(documents)
                .map(Corpus.Document::text)
                .toList();
    }

    private static double logProbability(float[] logits, int token) {
        double greatest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            greatest = Math.max(greatest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - greatest);
        }
        return logits[token] - greatest - Math.log(sum);
    }
}
