package io.infergrid.compute.vulkan;

import io.infergrid.compute.engine.SessionLostException;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.model.ModelConfig;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stage that survives the loss of its device (a driver's reset, a card that was unplugged or slept). The call that finds the
 * device lost opens it again and loads the weights again, then throws a {@link SessionLostException}: the stage works, but the keys
 * and values of its sessions are gone. Every session from before throws that at each call from then on; who holds one closes it,
 * opens another, and gives it the positions again, which have the same bytes. If the device cannot be opened again (yet), the
 * exception is a {@link VulkanException}, and the next call tries once more.
 */
final class RecoveringStage implements Stage {

    private static final Logger LOG = LoggerFactory.getLogger(RecoveringStage.class);

    /** Where the stage comes from. */
    interface Loader {

        Stage load();

        /** Opens the device of a stage anew, unless that has happened already. */
        void recover(Stage lost);
    }

    private final Loader loader;
    private final ModelConfig config;
    private final StageSpec spec;
    private final Set<Session> sessions = new HashSet<>();
    private @Nullable Stage stage;
    private boolean closed;

    RecoveringStage(Loader loader) {
        this.loader = loader;
        Stage first = loader.load();
        config = first.config();
        spec = first.spec();
        stage = first;
    }

    /** A session and the stage that it is of, which may be gone. */
    private final class Session implements StageSession {

        private final Stage of;
        private final StageSession session;

        Session(Stage of, StageSession session) {
            this.of = of;
            this.session = session;
        }

        @Override
        public int position() {
            return session.position();
        }

        @Override
        public void rewind(int position) {
            requireCurrent(this);
            session.rewind(position);
        }

        @Override
        public StageOutput forward(StageInput input, LogitsWanted wanted) {
            return RecoveringStage.this
                    .forward(List.of(new Work(this, input, wanted)))
                    .getFirst();
        }

        @Override
        public void suspend() {
            requireCurrent(this);
            session.suspend();
        }

        @Override
        public void close() {
            synchronized (RecoveringStage.this) {
                if (sessions.remove(this)) {
                    session.close();
                }
            }
        }
    }

    private synchronized Stage current() {
        if (closed) {
            throw new IllegalStateException("expected an open stage, found it closed");
        }
        if (stage == null) {
            stage = loader.load();
        }
        return stage;
    }

    private Session requireCurrent(StageSession session) {
        Stage current = current();
        if (!(session instanceof Session ours)) {
            throw new IllegalArgumentException("expected sessions of this stage, found another one");
        }
        if (ours.of != current) {
            throw new SessionLostException(ours.position());
        }
        return ours;
    }

    @Override
    public List<StageOutput> forward(List<Work> batch) {
        Stage current = current();
        List<Work> inner = batch.stream()
                .map(work -> new Work(requireCurrent(work.session()).session, work.input(), work.wanted()))
                .toList();
        try {
            return current.forward(inner);
        } catch (VulkanException e) {
            if (!e.deviceLost()) {
                throw e;
            }
            recover(current);
            throw lost(batch, e);
        } catch (IllegalStateException e) {
            // another call has seen the loss first and closed the stage
            if (isCurrent(current)) {
                throw e;
            }
            throw lost(batch, e);
        }
    }

    private static SessionLostException lost(List<Work> batch, RuntimeException cause) {
        int positions =
                batch.stream().mapToInt(work -> work.session().position()).max().orElse(0);
        return new SessionLostException(positions, cause);
    }

    private synchronized boolean isCurrent(Stage other) {
        return !closed && stage == other;
    }

    /** Loads the stage again, unless another call has seen the same loss before. */
    private synchronized void recover(Stage lost) {
        if (stage != lost) {
            return;
        }
        LOG.warn("the device was lost: loading blocks {} to {} again", spec.firstBlock(), spec.endBlock() - 1);
        stage = null;
        for (Session session : new ArrayList<>(sessions)) {
            session.close();
        }
        loader.recover(lost);
        lost.close();
        stage = loader.load();
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public StageSpec spec() {
        return spec;
    }

    @Override
    public long weightBytes() {
        return current().weightBytes();
    }

    @Override
    public long cacheBytes() {
        return current().cacheBytes();
    }

    @Override
    public long cachePageBytes() {
        return current().cachePageBytes();
    }

    @Override
    public synchronized StageSession open(int maxPositions) {
        Stage current = current();
        var session = new Session(current, current.open(maxPositions));
        sessions.add(session);
        return session;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            if (stage != null) {
                stage.close();
            }
        }
    }
}
