package io.infergrid.compute.cpu;

import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import java.util.List;
import java.util.Objects;

/** One session on a stage: its position, and its keys and values. {@link CpuStep} computes. */
final class CpuSession implements StageSession {

    final CpuStage stage;
    final int maxPositions;
    final KeyValuePages pages;
    int position;

    CpuSession(CpuStage stage, int maxPositions, KeyValuePages pages) {
        this.stage = stage;
        this.maxPositions = maxPositions;
        this.pages = pages;
    }

    @Override
    public int position() {
        return position;
    }

    @Override
    public void rewind(int to) {
        position = Objects.checkIndex(to, position + 1);
        pages.keep(to);
    }

    @Override
    public StageOutput forward(StageInput input, LogitsWanted wanted) {
        return stage.forward(List.of(new Stage.Work(this, input, wanted))).getFirst();
    }

    @Override
    public void suspend() {
        pages.suspend();
    }

    @Override
    public void close() {
        pages.close();
    }
}
