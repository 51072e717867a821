package io.infergrid.app.device;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.model.ModelConfig;
import java.util.concurrent.atomic.AtomicBoolean;

/** A device that computes right but for the lowest bit of one number: that of the first logit it ever gives. */
final class OneBitOff implements Backend {

    private final Backend right = new CpuBackend(1);
    private final AtomicBoolean flipped = new AtomicBoolean();
    private boolean closed;

    boolean closed() {
        return closed;
    }

    @Override
    public String name() {
        return "vulkan";
    }

    @Override
    public String device() {
        return "Slightly Broken 4000";
    }

    @Override
    public Stage load(TensorSource model, StageSpec spec) {
        return new WrappedStage(right.load(model, spec));
    }

    @Override
    public void close() {
        closed = true;
        right.close();
    }

    private StageOutput flipOnce(StageOutput output) {
        if (output instanceof StageOutput.Logits(float[][] values) && flipped.compareAndSet(false, true)) {
            values[0][0] = Float.intBitsToFloat(Float.floatToRawIntBits(values[0][0]) ^ 1);
        }
        return output;
    }

    private final class WrappedStage implements Stage {
        private final Stage stage;

        WrappedStage(Stage stage) {
            this.stage = stage;
        }

        @Override
        public ModelConfig config() {
            return stage.config();
        }

        @Override
        public StageSpec spec() {
            return stage.spec();
        }

        @Override
        public long weightBytes() {
            return stage.weightBytes();
        }

        @Override
        public StageSession open(int maxPositions) {
            return new WrappedSession(stage.open(maxPositions));
        }

        @Override
        public void close() {
            stage.close();
        }
    }

    private final class WrappedSession implements StageSession {
        private final StageSession session;

        WrappedSession(StageSession session) {
            this.session = session;
        }

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
            return flipOnce(session.forward(input, wanted));
        }

        @Override
        public void close() {
            session.close();
        }
    }
}
