package io.infergrid.app.device;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.generate.Generation;
import io.infergrid.compute.generate.GenerationRequest;
import io.infergrid.compute.generate.SessionTokens;
import io.infergrid.compute.generate.TextGenerator;
import io.infergrid.compute.generate.TokenListener;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.sampling.SamplingParameters;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** A whole model in this process, without a grid: what the grid's answers are compared with. Used by one thread at a time. */
public final class OneProcess implements AutoCloseable {

    private final GgufFile file;
    private final ModelText text;
    private final Stage stage;

    private OneProcess(GgufFile file, ModelText text, Stage stage) {
        this.file = file;
        this.text = text;
        this.stage = stage;
    }

    /** @param backend owned by the caller */
    public static OneProcess load(Path model, Backend backend) {
        GgufFile file = GgufFile.open(model);
        try {
            ModelConfig config = ModelConfig.of(file.metadata());
            return new OneProcess(
                    file,
                    ModelText.of(file.metadata()),
                    backend.loadRecovering(file, StageSpec.whole(config.blocks()), StageLimits.NONE));
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    public ModelText text() {
        return text;
    }

    public ModelConfig config() {
        return stage.config();
    }

    public Generation generate(
            GenerationRequest request, SamplingParameters sampling, TokenListener listener, BooleanSupplier cancelled) {
        int positions = Math.min(
                stage.config().contextLength(), Math.addExact(request.prompt().size(), request.maxTokens()));
        try (StageSession session = stage.open(positions)) {
            return new TextGenerator(text.tokenizer())
                    .generate(request, new SessionTokens(session, sampling), listener, cancelled);
        }
    }

    @Override
    public void close() {
        stage.close();
        file.close();
    }
}
