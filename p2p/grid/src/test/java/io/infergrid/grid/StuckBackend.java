package io.infergrid.grid;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.model.ModelConfig;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** A backend that computes some steps and then hangs, as a driver may, until it is released. */
final class StuckBackend implements Backend {

    private final Backend real;
    private final AtomicInteger stepsLeft;
    private final CountDownLatch released = new CountDownLatch(1);

    StuckBackend(Backend real, int steps) {
        this.real = real;
        stepsLeft = new AtomicInteger(steps);
    }

    void release() {
        released.countDown();
    }

    @Override
    public String name() {
        return real.name();
    }

    @Override
    public String device() {
        return real.device();
    }

    @Override
    public Stage load(TensorSource model, StageSpec spec) {
        Stage stage = real.load(model, spec);
        return new Stage() {
            @Override
            public ModelConfig config() {
                return stage.config();
            }

            @Override
            public StageSpec spec() {
                return spec;
            }

            @Override
            public long weightBytes() {
                return stage.weightBytes();
            }

            @Override
            public StageSession open(int maxPositions) {
                return session(stage.open(maxPositions));
            }

            @Override
            public void close() {
                stage.close();
            }
        };
    }

    private StageSession session(StageSession session) {
        return new StageSession() {
            @Override
            public int position() {
                return session.position();
            }

            @Override
            public void rewind(int position) {
                session.rewind(position);
            }

            @Override
            public StageOutput forward(StageInput input, LogitsWanted wanted) {
                if (stepsLeft.decrementAndGet() < 0) {
                    try {
                        released.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException("stopped while stuck", e);
                    }
                }
                return session.forward(input, wanted);
            }

            @Override
            public void close() {
                session.close();
            }
        };
    }

    @Override
    public void close() {
        release();
    }
}
