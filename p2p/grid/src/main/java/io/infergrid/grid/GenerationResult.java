package io.infergrid.grid;

import java.time.Duration;
import java.util.List;

/**
 * How a job ended.
 *
 * @param tokens what was generated, without a stop token
 * @param reason {@code stop}, {@code length} or {@code cancelled}
 * @param stages peer ids of the stages that finished it, in order
 * @param replans how often a stage was lost and its standby took over, or the pipeline was built anew
 * @param transcriptSha256 over prompt and answer, each token as 4 bytes, little-endian
 */
public record GenerationResult(
        String jobId,
        int[] tokens,
        String reason,
        List<String> stages,
        int replans,
        Duration time,
        String transcriptSha256) {

    public GenerationResult {
        stages = List.copyOf(stages);
    }
}
