package io.infergrid.grid;

import io.infergrid.grid.verification.WindowAudit;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Hears what happens on a node, for storage and display. Calls come from threads of the node, those of one job in order; they
 * should return soon, and what they throw is logged and otherwise ignored.
 */
public interface GridListener {

    /** A job that this node asked for or serves a stage of. */
    default void jobStarted(Job job) {}

    /** Another window of a job of this gateway is complete, or its last, shorter one. */
    default void windowDone(String jobId, Window window) {}

    default void jobFinished(Job job, JobEnd end) {}

    /** @param end its {@code reason} is {@code failed} and {@code error} says why */
    default void jobFailed(Job job, JobEnd end) {}

    /** A stage of a running job was lost; the job goes on over {@code stages}. */
    default void jobMoved(String jobId, String why, List<String> stages) {}

    /** Stage and standby of a running job have both revealed what they computed in a window. */
    default void windowChecked(String jobId, WindowAudit.Verdict verdict) {}

    /** A shard on its way to this node; also once when it is complete. */
    default void shardProgress(ShardProgress progress) {}

    default void peerSeen(GridSnapshot.Peer peer) {}

    default void peerLost(String peerId) {}

    /**
     * @param id unique; the same on the gateway and on each worker
     * @param role GATEWAY where the job was asked for, WORKER where a stage of it is computed
     * @param gateway peer id of the node that asked
     * @param blocks what is computed here; for a gateway the whole model
     * @param stages peer ids of the stages in order; on a worker only itself
     */
    record Job(
            String id,
            Role role,
            String gateway,
            Hash model,
            String modelName,
            BlockRange blocks,
            int promptTokens,
            List<String> stages,
            Instant startedAt) {
        public Job {
            stages = List.copyOf(stages);
        }
    }

    /**
     * 32 consecutive tokens of a session, prompt included; the last may be shorter.
     *
     * @param firstPosition position of its first token in the session
     * @param tokensSha256 over its tokens, each as 4 bytes, little-endian
     * @param time from the first to the last token of it, zero for windows of the prompt
     */
    record Window(int index, int firstPosition, int positions, String tokensSha256, Duration time) {}

    /**
     * @param reason {@code stop}, {@code length}, {@code cancelled} or {@code failed}; on a worker {@code closed} or {@code failed}
     * @param completionTokens generated tokens; on a worker positions computed
     * @param compute time on the engine of this node
     * @param stages peer ids of the stages that finished it
     * @param transcriptSha256 hex over all tokens, empty on a worker
     * @param error empty unless failed
     */
    record JobEnd(
            String reason,
            int completionTokens,
            Duration time,
            Duration compute,
            List<String> stages,
            int replans,
            String transcriptSha256,
            String error) {
        public JobEnd {
            stages = List.copyOf(stages);
        }
    }

    /** @param shard in words, e.g. {@code block 3} */
    record ShardProgress(
            Hash model, String shard, String fromPeerId, long bytesDone, long bytesTotal, boolean verified) {}
}
