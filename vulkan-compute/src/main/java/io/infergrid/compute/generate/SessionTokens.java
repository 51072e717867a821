package io.infergrid.compute.generate;

import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.sampling.Sampler;
import io.infergrid.compute.sampling.SamplingParameters;
import java.util.Arrays;

/** Tokens of a whole model in this process. Does not close the session. Used by one thread at a time. */
public final class SessionTokens implements NextToken {

    /** Prompts go in by so many positions: enough to keep a device busy, few enough to bound its memory. */
    private static final int POSITIONS_AT_ONCE = 256;

    private final StageSession session;
    private final Sampler sampler;
    private final int penaltyWindow;
    private int[] recent = {};

    /**
     * @param session on a stage with embedding and head
     */
    public SessionTokens(StageSession session, SamplingParameters sampling) {
        this.session = session;
        sampler = new Sampler(sampling);
        penaltyWindow = sampling.repetitionPenalty() == 1 ? 0 : 64;
    }

    @Override
    public int next(int... tokens) {
        if (tokens.length == 0) {
            throw new IllegalArgumentException("expected at least one token, found none");
        }
        remember(tokens);
        float[] logits = {};
        for (int from = 0; from < tokens.length; from += POSITIONS_AT_ONCE) {
            int to = Math.min(tokens.length, from + POSITIONS_AT_ONCE);
            var input = new StageInput.Tokens(Arrays.copyOfRange(tokens, from, to));
            if (!(session.forward(input, LogitsWanted.LAST) instanceof StageOutput.Logits(float[][] values))) {
                throw new IllegalArgumentException(
                        "expected a session on a stage with the output head, found one without");
            }
            logits = values[values.length - 1];
        }
        return sampler.next(logits, session.position(), recent);
    }

    private void remember(int[] tokens) {
        if (penaltyWindow == 0) {
            return;
        }
        int[] all = Arrays.copyOf(recent, recent.length + tokens.length);
        System.arraycopy(tokens, 0, all, recent.length, tokens.length);
        recent = Arrays.copyOfRange(all, Math.max(0, all.length - penaltyWindow), all.length);
    }
}
