package io.infergrid.demo;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.generate.GenerationRequest;
import io.infergrid.compute.generate.SessionTokens;
import io.infergrid.compute.generate.TextGenerator;
import io.infergrid.compute.generate.TokenListener;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.sampling.SamplingParameters;
import io.infergrid.compute.tokenizer.ChatMessage;
import io.infergrid.compute.tokenizer.ChatMessage.Role;
import io.infergrid.compute.tokenizer.ChatTemplate;
import io.infergrid.compute.tokenizer.Tokenizer;
import io.infergrid.demo.StoryReader.Findings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import java.util.stream.LongStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * An exported file through the product's own tokenizer and engine: its loss on held-out documents, and how often its stories
 * slip. The stories are asked for by pairs of character and object that are held out, so none was trained on.
 */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description = "Held-out loss of a GGUF and the slips in its stories, through the product's engine.")
final class EvaluateDemo implements Callable<Integer> {
    @Option(names = "--model", required = true, description = "The GGUF.")
    private Path model = Path.of("demo.gguf");

    @Option(names = "--documents", description = "Held-out documents to read (default ${DEFAULT-VALUE}).")
    private int documents = 300;

    @Option(names = "--stories", description = "Stories to ask for (default ${DEFAULT-VALUE}).")
    private int stories = 20;

    @Option(names = "--temperature", description = "Of the stories; 0 is greedy (default ${DEFAULT-VALUE}).")
    private float temperature = 0;

    @Option(
            names = "--grammar",
            description = "The grammar that the model's stories follow (default: the present one).")
    private Path grammar = Path.of("");

    @Option(names = "--show", description = "Print the stories too.")
    private boolean show;

    @Override
    public Integer call() throws IOException {
        try (var gguf = GgufFile.open(model);
                var backend = new CpuBackend();
                var stage = backend.load(
                        gguf, StageSpec.whole(ModelConfig.of(gguf.metadata()).blocks()))) {
            var tokenizer = Tokenizer.of(gguf.metadata());
            if (documents > 0) {
                loss(stage, tokenizer);
            }
            if (stories > 0) {
                slips(stage, tokenizer, ChatTemplate.of(gguf.metadata()));
            }
        }
        return 0;
    }

    private void loss(Stage stage, Tokenizer tokenizer) throws IOException {
        double nats = 0;
        long tokens = 0;
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
        double loss = nats / tokens;
        say(
                "%d held-out documents, %,d tokens: cross entropy %.4f nats, perplexity %.3f",
                documents, tokens, loss, Math.exp(loss));
    }

    private void slips(Stage stage, Tokenizer tokenizer, ChatTemplate template) throws IOException {
        var reader = new StoryReader(
                grammar.toString().isEmpty() ? Grammar.resource("stories.grammar") : Grammar.file(grammar));
        var all = new ArrayList<Findings>();
        int number = 0;
        for (var pair : Corpus.heldOutPairs(stories)) {
            var request = "Tell me a story about " + Cast.article(pair.kind()) + " and " + Cast.article(pair.thing());
            var prompt = template.encode(tokenizer, List.of(new ChatMessage(Role.USER, request)));
            var sampling = SamplingParameters.of(temperature, 0, 1, number++);
            try (var session = stage.open(stage.config().contextLength())) {
                var story = new TextGenerator(tokenizer)
                        .generate(
                                GenerationRequest.ofTokens(tokenizer, prompt, 400),
                                new SessionTokens(session, sampling),
                                TokenListener.NONE,
                                () -> false)
                        .text();
                var found = reader.read(story, pair.kind(), pair.thing());
                all.add(found);
                say(
                        "%s: %s, %d slips %s",
                        request, found.plot().isEmpty() ? "no plot" : found.plot(), found.slips(), found);
                if (show) {
                    say("%s%n", story);
                }
            }
        }
        say(
                "%d stories, %d without a slip, %d different plots: of %d places for names %d are wrong, of %d for characters %d, "
                        + "of %d for the object %d, of %d for its look %d, of %d for where they live %d, of %d pronouns %d; %d of %d paragraphs follow no plot, %d stories no plot throughout",
                all.size(),
                all.stream().filter(f -> f.slips() == 0).count(),
                all.stream()
                        .map(Findings::plot)
                        .filter(plot -> !plot.isEmpty())
                        .distinct()
                        .count(),
                sum(all, Findings::names),
                sum(all, Findings::wrongNames),
                sum(all, Findings::characters),
                sum(all, Findings::wrongCharacters),
                sum(all, Findings::objects),
                sum(all, Findings::wrongObjects),
                sum(all, Findings::looks),
                sum(all, Findings::wrongLooks),
                sum(all, Findings::whereabouts),
                sum(all, Findings::wrongWhereabouts),
                sum(all, Findings::pronouns),
                sum(all, Findings::wrongPronouns),
                sum(all, Findings::strange),
                sum(all, Findings::paragraphs),
                all.stream().filter(f -> f.plot().isEmpty()).count());
    }

    private static int sum(List<Findings> all, ToIntFunction<Findings> part) {
        return all.stream().mapToInt(part).sum();
    }

    private static void say(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }

    private List<String> heldOut() {
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
