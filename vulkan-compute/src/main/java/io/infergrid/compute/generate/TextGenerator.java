package io.infergrid.compute.generate;

import io.infergrid.compute.generate.Generation.Ending;
import io.infergrid.compute.tokenizer.StreamingDecoder;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Generates answers token by token. Immutable; one may serve many conversations at once. */
public final class TextGenerator {

    private final Tokenizer tokenizer;

    public TextGenerator(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Runs one answer to its end.
     *
     * @param model asked for token after token; its conversation then holds the prompt and the answer without its last token
     * @param cancelled asked before every token; true ends the answer as it is
     */
    public Generation generate(
            GenerationRequest request, NextToken model, TokenListener listener, BooleanSupplier cancelled) {
        return new Answer(request, listener).run(model, cancelled);
    }

    private final class Answer {

        private final GenerationRequest request;
        private final TokenListener listener;
        private final StreamingDecoder decoder = tokenizer.decoder();
        private final StopTexts stops;
        private final List<Integer> tokens = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();

        Answer(GenerationRequest request, TokenListener listener) {
            this.request = request;
            this.listener = listener;
            stops = new StopTexts(request.stopTexts());
        }

        Generation run(NextToken model, BooleanSupplier cancelled) {
            long start = System.nanoTime();
            long first = start;
            Ending ending = Ending.LENGTH;
            int[] next = request.prompt().stream().mapToInt(Integer::intValue).toArray();
            while (tokens.size() < request.maxTokens()) {
                if (cancelled.getAsBoolean()) {
                    ending = Ending.CANCELLED;
                    break;
                }
                int token = model.next(next);
                if (first == start) {
                    first = System.nanoTime();
                }
                if (request.stopTokens().contains(token)) {
                    ending = Ending.STOP_TOKEN;
                    break;
                }
                accept(token);
                if (stops.met()) {
                    ending = Ending.STOP_TEXT;
                    break;
                }
                next = new int[] {token};
            }
            finish(ending);
            long end = System.nanoTime();
            return new Generation(
                    tokens, text.toString(), ending, Duration.ofNanos(first - start), Duration.ofNanos(end - first));
        }

        private void accept(int token) {
            tokens.add(token);
            String shown = stops.accept(decoder.accept(token));
            text.append(shown);
            listener.token(token, shown);
        }

        /** What was held back as the possible beginning of a stop text, or of a character, belongs to the answer now. */
        private void finish(Ending ending) {
            if (ending == Ending.STOP_TEXT || tokens.isEmpty()) {
                return;
            }
            String rest = stops.accept(decoder.finish()) + stops.rest();
            if (!rest.isEmpty()) {
                text.append(rest);
                listener.rest(rest);
            }
        }
    }
}
