package io.infergrid.compute.generate;

import java.time.Duration;
import java.util.List;

/**
 * A finished answer.
 *
 * @param tokens of the answer, without a stop token
 * @param text of the answer, without a stop text
 * @param ending why it ended
 * @param firstToken time to the first token, mostly that of the prompt
 * @param rest time of the tokens after the first
 */
public record Generation(List<Integer> tokens, String text, Ending ending, Duration firstToken, Duration rest) {

    public Generation {
        tokens = List.copyOf(tokens);
    }

    /** Why an answer ended. */
    public enum Ending {
        STOP_TOKEN,
        STOP_TEXT,
        LENGTH,
        CANCELLED
    }
}
