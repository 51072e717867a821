package io.infergrid.wallet.vault;

import io.infergrid.wallet.keys.Mnemonic;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Asks for some of the words again, so that a backup exists before money comes in.
 *
 * @param positions which words are asked for, from 1, in order
 */
public record BackupQuiz(List<Integer> positions) {

    /** How many words are asked for. */
    public static final int QUESTIONS = 4;

    /** Four different positions of a phrase with so many words. */
    public static BackupQuiz of(int words, RandomGenerator random) {
        return new BackupQuiz(IntStream.generate(() -> 1 + random.nextInt(words))
                .distinct()
                .limit(QUESTIONS)
                .sorted()
                .boxed()
                .toList());
    }

    /** Whether every word asked for was given; capitals and spaces around do not matter. */
    public boolean passes(Mnemonic words, Map<Integer, String> answers) {
        List<String> right = words.words();
        return positions.stream().allMatch(position -> {
            String answer = answers.get(position);
            return answer != null && answer.strip().toLowerCase(Locale.ROOT).equals(right.get(position - 1));
        });
    }
}
