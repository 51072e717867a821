package io.infergrid.app.cli;

import io.infergrid.app.core.Rig.ChatMessage;
import io.infergrid.app.device.OneProcess;
import io.infergrid.app.device.OpenDevice;
import io.infergrid.compute.generate.Generation;
import io.infergrid.compute.generate.GenerationRequest;
import io.infergrid.compute.generate.TokenListener;
import io.infergrid.compute.sampling.SamplingParameters;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code infergrid generate}: a whole model in this process, without a grid. */
@Command(name = "generate", description = "Continue a text with a model in this one process, without a grid.")
final class GenerateCommand extends RigCommand {

    @Mixin
    ModelOptions model = new ModelOptions();

    @Mixin
    BackendOptions device = new BackendOptions();

    @Mixin
    SamplingOptions sampling = new SamplingOptions();

    @Option(
            names = "--top-k",
            paramLabel = "K",
            description = "Only the K likeliest tokens; 0 for no limit (default: ${DEFAULT-VALUE}).")
    int topK = 0;

    @Option(names = "--chat", description = "The text is a question: use the model's chat form.")
    boolean chat;

    @Option(
            names = "--tokens",
            paramLabel = "FILE",
            description = "Continue the token ids of this file instead of a text.")
    @Nullable
    Path tokens;

    @Option(names = "--stop", paramLabel = "TEXT", description = "End before this text; may be given more than once.")
    List<String> stop = List.of();

    @Option(names = "--ignore-end", description = "Go on when the model has said its end, up to --max-tokens.")
    boolean ignoreEnd;

    @Parameters(arity = "0..1", paramLabel = "TEXT", description = "The text; without it, standard input.")
    @Nullable
    String text;

    @Override
    public Integer call() throws IOException {
        device.check();
        sampling.check();
        Path file = model.readable(); // before the device is checked, which takes a while
        try (var interruption = Interruption.asked();
                OpenDevice opened = device.open(interruption.requested());
                OneProcess whole = OneProcess.load(file, opened.backend())) {
            if (!opened.view().note().isEmpty()) {
                err().println(opened.view().note());
            }
            int[] prompt = prompt(whole);
            var request = new GenerationRequest(
                    Arrays.stream(prompt).boxed().toList(),
                    sampling.maxTokens,
                    ignoreEnd ? java.util.Set.of() : whole.text().stopTokens(),
                    stop);
            Generation answer = whole.generate(
                    request,
                    SamplingParameters.of(sampling.temperature, topK, sampling.topP, sampling.seed),
                    common.json ? TokenListener.NONE : new Printer(),
                    interruption.requested());
            print(answer, prompt, opened);
            interruption.check();
            return 0;
        }
    }

    private int[] prompt(OneProcess whole) throws IOException {
        if (tokens != null) {
            return TokenFile.checked(
                    TokenFile.read(tokens), whole.text().tokenizer().vocabularySize());
        }
        String words = TextInput.read(text, null);
        return chat
                ? whole.text().chat(List.of(new ChatMessage("user", words)))
                : whole.text().plain(words);
    }

    private final class Printer implements TokenListener {
        @Override
        public void token(int id, String shown) {
            out().print(shown);
            out().flush();
        }

        @Override
        public void rest(String shown) {
            token(-1, shown);
        }
    }

    private void print(Generation answer, int[] prompt, OpenDevice opened) {
        if (common.json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("text", answer.text());
            map.put("tokens", answer.tokens());
            map.put("promptTokens", prompt.length);
            map.put("ending", answer.ending().name().toLowerCase(Locale.ROOT));
            map.put("firstTokenMillis", answer.firstToken().toMillis());
            map.put("tokensPerSecond", rate(answer));
            map.put("backend", opened.view().backend());
            map.put("device", opened.view().name());
            map.put("note", opened.view().note());
            json(map);
            return;
        }
        out().println();
        err().printf(
                        Locale.ROOT,
                        "[%d + %d tokens, first after %d ms, then %.1f tokens/s on %s (%s)]%n",
                        prompt.length,
                        answer.tokens().size(),
                        answer.firstToken().toMillis(),
                        rate(answer),
                        opened.view().name(),
                        opened.view().backend());
    }

    private static double rate(Generation answer) {
        Duration rest = answer.rest();
        return rest.isZero() ? 0 : Math.max(0, answer.tokens().size() - 1) * 1e9 / rest.toNanos();
    }
}
