package io.infergrid.compute.generate;

import io.infergrid.compute.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * What to continue, and until when.
 *
 * @param prompt token ids, at least one
 * @param maxTokens most tokens of the answer, at least one
 * @param stopTokens ids that end the answer and are no part of it
 * @param stopTexts texts that end the answer and are no part of it
 */
public record GenerationRequest(List<Integer> prompt, int maxTokens, Set<Integer> stopTokens, List<String> stopTexts) {

    public GenerationRequest {
        prompt = List.copyOf(prompt);
        stopTokens = Set.copyOf(stopTokens);
        stopTexts = List.copyOf(stopTexts);
        if (prompt.isEmpty()) {
            throw new IllegalArgumentException("expected a prompt of at least one token, found none");
        }
        if (maxTokens < 1) {
            throw new IllegalArgumentException("expected to generate at least one token, found " + maxTokens);
        }
        if (stopTexts.contains("")) {
            throw new IllegalArgumentException("expected stop texts of at least one character, found an empty one");
        }
    }

    /** Continues a text, with the model's own special tokens around it, until the model ends it. */
    public static GenerationRequest ofText(Tokenizer tokenizer, String text, int maxTokens) {
        return ofTokens(tokenizer, tokenizer.encode(text, true, false), maxTokens);
    }

    /** Continues tokens until the model ends it. */
    public static GenerationRequest ofTokens(Tokenizer tokenizer, int[] prompt, int maxTokens) {
        return new GenerationRequest(Arrays.stream(prompt).boxed().toList(), maxTokens, tokenizer.stops(), List.of());
    }
}
