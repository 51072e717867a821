package io.infergrid.app.core;

import java.time.Instant;
import java.util.List;

/**
 * A job that this rig asked for or served, as stored.
 *
 * @param id unique
 * @param state {@code running}, {@code finished}, {@code failed} or {@code cancelled}
 * @param stages peer ids of the pipeline's stages in order
 * @param error empty unless failed
 */
public record JobRecord(
        String id,
        Instant startedAt,
        long durationMillis,
        String model,
        String state,
        int promptTokens,
        int completionTokens,
        List<String> stages,
        String transcriptSha256,
        String error) {

    public double tokensPerSecond() {
        return durationMillis <= 0 ? 0 : completionTokens * 1000.0 / durationMillis;
    }

    /** One window of a job: up to 32 consecutive tokens. */
    public record Window(int index, int firstPosition, int positions, String tokensSha256, long durationMillis) {}
}
