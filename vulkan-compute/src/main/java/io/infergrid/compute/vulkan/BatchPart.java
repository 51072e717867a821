package io.infergrid.compute.vulkan;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.Wire;
import io.infergrid.compute.gguf.GgufTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** One session's part of a batch on its way through as many steps as it takes. */
final class BatchPart {

    private final VulkanStage stage;
    private final VulkanSession session;
    private final StageInput input;
    private final LogitsWanted wanted;
    private final byte[] wire;
    private final List<float[]> logits = new ArrayList<>();
    /** Tokens that a step has taken. */
    private int taken;

    BatchPart(VulkanStage stage, VulkanSession session, StageInput input, LogitsWanted wanted) {
        this.stage = stage;
        this.session = session;
        this.input = input;
        this.wanted = wanted;
        int bytes = 2 * stage.config().dimension();
        wire = new byte[stage.spec().head() ? 0 : Math.multiplyExact(input.positions(), bytes)];
    }

    VulkanSession session() {
        return session;
    }

    StageInput input() {
        return input;
    }

    int count() {
        return input.positions();
    }

    /** Tokens that no step has taken yet. */
    int left() {
        return count() - taken;
    }

    /** The next token, which a step takes. */
    int takeNext() {
        return taken++;
    }

    /** Whether logits of a token are wanted; without a head, every token has a result. */
    boolean wants(int token) {
        return !stage.spec().head() || wanted == LogitsWanted.ALL || token == count() - 1;
    }

    /** What goes into the first block for a token. */
    float[] vector(int token) {
        return switch (input) {
            case StageInput.Tokens tokens -> embed(tokens.ids()[token]);
            case Boundary boundary -> Wire.read(boundary, token);
        };
    }

    /** The embedding stays on the host: one row a token is all that a step reads of it. */
    private float[] embed(int id) {
        GgufTensor embedding = Objects.requireNonNull(stage.embedding());
        var vector = new float[stage.config().dimension()];
        embedding.readRow(id, vector, 0);
        for (int i = 0; i < vector.length; i++) {
            vector[i] = Ig1.fromHalf(Ig1.toHalf(vector[i]));
        }
        return vector;
    }

    /** Takes a wanted token's result; they come in the order of the tokens. */
    void accept(int token, float[] result) {
        if (stage.spec().head()) {
            logits.add(result);
        } else {
            Wire.write(result, wire, token);
        }
    }

    StageOutput output() {
        return stage.spec().head()
                ? new StageOutput.Logits(logits.toArray(float[][]::new))
                : new Boundary(count(), stage.config().dimension(), wire);
    }
}
