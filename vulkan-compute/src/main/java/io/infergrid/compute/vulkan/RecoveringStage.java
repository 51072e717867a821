package io.infergrid.compute.vulkan;

import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.model.ModelConfig;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stage that survives the loss of its device (a driver's reset, a card that was unplugged or slept). The call that finds the
 * device lost opens it again, loads the weights again, and is made once more; its caller sees a slow step and nothing else. The
 * keys and values of a session are gone with the device, so each session keeps what it was given ({@link SessionInputs}) and
 * computes its positions again when it is next used: by IG1 they have the same bytes. If the device cannot be opened again (yet),
 * the call ends in a {@link VulkanException}, and the next call tries once more.
 */
final class RecoveringStage implements Stage {

    private static final Logger LOG = LoggerFactory.getLogger(RecoveringStage.class);

    /** A device that is lost so often in one call is not lost by accident. */
    private static final int MOST_LOSSES = 3;

    /** Where the stage comes from. */
    interface Loader {

        Stage load();

        /** Opens the device of a stage anew, unless that has happened already. */
        void recover(Stage lost);
    }

    private final Loader loader;
    private final ModelConfig config;
    private final StageSpec spec;
    private final long weightBytes;
    private final long cachePageBytes;
    private final Set<Session> sessions = new HashSet<>();
    // null while the device could not be opened again
    private @Nullable Stage stage;
    private boolean closed;

    RecoveringStage(Loader loader) {
        this.loader = loader;
        Stage first = loader.load();
        config = first.config();
        spec = first.spec();
        weightBytes = first.weightBytes();
        cachePageBytes = first.cachePageBytes();
        stage = first;
    }

    /** A session of whichever stage there is now. */
    private final class Session implements StageSession {

        private final int maxPositions;
        private final SessionInputs inputs = new SessionInputs();
        // of the stage there is now, or null if it was lost; guarded by the stage
        private @Nullable StageSession session;

        Session(int maxPositions, StageSession session) {
            this.maxPositions = maxPositions;
            this.session = session;
        }

        private RecoveringStage stage() {
            return RecoveringStage.this;
        }

        /** The session on {@code current}, with all its positions. */
        StageSession on(Stage current) {
            StageSession ours = openOn(current);
            for (StageInput input : inputs.from(ours.position())) {
                ours.forward(input, LogitsWanted.LAST);
            }
            return ours;
        }

        private StageSession openOn(Stage current) {
            synchronized (RecoveringStage.this) {
                if (isLost(current)) {
                    throw new IllegalStateException("expected the device that there is now, found one that was lost");
                }
                if (session == null) {
                    session = current.open(maxPositions);
                }
                return session;
            }
        }

        private void forget() {
            if (session != null) {
                session.close();
                session = null;
            }
        }

        @Override
        public int position() {
            return inputs.positions();
        }

        @Override
        public void rewind(int position) {
            Objects.checkIndex(position, inputs.positions() + 1);
            synchronized (RecoveringStage.this) {
                inputs.rewind(position);
                if (session != null && session.position() > position) {
                    session.rewind(position);
                }
            }
        }

        @Override
        public StageOutput forward(StageInput input, LogitsWanted wanted) {
            return RecoveringStage.this
                    .forward(List.of(new Work(this, input, wanted)))
                    .getFirst();
        }

        @Override
        public void suspend() {
            recovering(current -> {
                on(current).suspend();
                return this;
            });
        }

        @Override
        public void close() {
            synchronized (RecoveringStage.this) {
                if (sessions.remove(this)) {
                    forget();
                }
            }
        }
    }

    /** What is done with the stage there is now. */
    private interface Call<T> {
        T on(Stage current);
    }

    /** Makes a call until the device is there for all of it. */
    private <T> T recovering(Call<T> call) {
        for (int losses = 1; ; losses++) {
            Stage current = current();
            try {
                return call.on(current);
            } catch (VulkanException e) {
                if (!e.deviceLost() || losses == MOST_LOSSES) {
                    throw e;
                }
                recover(current);
            } catch (IllegalStateException e) {
                // another call has seen the loss first and closed the stage
                if (!isLost(current) || losses == MOST_LOSSES) {
                    throw e;
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

    private synchronized boolean isLost(Stage other) {
        return !closed && stage != other;
    }

    private Session ours(StageSession session) {
        if (session instanceof Session ours && ours.stage() == this) {
            return ours;
        }
        throw new IllegalArgumentException("expected sessions of this stage, found another one");
    }

    @Override
    public List<StageOutput> forward(List<Work> batch) {
        List<Session> parts = batch.stream().map(work -> ours(work.session())).toList();
        List<StageOutput> outputs = recovering(current -> current.forward(batch.stream()
                .map(work -> new Work(ours(work.session()).on(current), work.input(), work.wanted()))
                .toList()));
        for (int i = 0; i < parts.size(); i++) {
            parts.get(i).inputs.add(batch.get(i).input());
        }
        return outputs;
    }

    /** Loads the stage again, unless another call has seen the same loss before. */
    private synchronized void recover(Stage lost) {
        if (stage != lost) {
            return;
        }
        LOG.warn("the device was lost: loading blocks {} to {} again", spec.firstBlock(), spec.endBlock() - 1);
        stage = null;
        sessions.forEach(Session::forget);
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
        return weightBytes;
    }

    @Override
    public synchronized long cacheBytes() {
        return stage == null ? 0 : stage.cacheBytes();
    }

    @Override
    public long cachePageBytes() {
        return cachePageBytes;
    }

    @Override
    public StageSession open(int maxPositions) {
        return recovering(current -> {
            synchronized (this) {
                var session = new Session(maxPositions, current.open(maxPositions));
                sessions.add(session);
                return session;
            }
        });
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
