package io.infergrid.grid;

import io.infergrid.grid.verification.WindowAudit;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes events on; what the listener throws is logged and goes no further. */
final class GuardedListener implements GridListener {

    private static final Logger LOG = LoggerFactory.getLogger(GuardedListener.class);

    private final GridListener listener;

    GuardedListener(GridListener listener) {
        this.listener = listener;
    }

    private static void guard(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException failed) {
            LOG.warn("a listener of the grid failed", failed);
        }
    }

    @Override
    public void jobStarted(Job job) {
        guard(() -> listener.jobStarted(job));
    }

    @Override
    public void windowDone(String jobId, Window window) {
        guard(() -> listener.windowDone(jobId, window));
    }

    @Override
    public void jobFinished(Job job, JobEnd end) {
        guard(() -> listener.jobFinished(job, end));
    }

    @Override
    public void jobFailed(Job job, JobEnd end) {
        guard(() -> listener.jobFailed(job, end));
    }

    @Override
    public void jobMoved(String jobId, String why, List<String> stages) {
        guard(() -> listener.jobMoved(jobId, why, stages));
    }

    @Override
    public void windowChecked(String jobId, WindowAudit.Verdict verdict) {
        guard(() -> listener.windowChecked(jobId, verdict));
    }

    @Override
    public void shardProgress(ShardProgress progress) {
        guard(() -> listener.shardProgress(progress));
    }

    @Override
    public void peerSeen(GridSnapshot.Peer peer) {
        guard(() -> listener.peerSeen(peer));
    }

    @Override
    public void peerLost(String peerId) {
        guard(() -> listener.peerLost(peerId));
    }
}
