package io.infergrid.app.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.app.core.DownloadOrder;
import io.infergrid.app.gateway.RunningInstance;
import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code infergrid models fetch|pause|resume|cancel}: downloads of the InferGrid that runs on this home. */
abstract sealed class DownloadCommands extends RigCommand {

    @Parameters(paramLabel = "ROOT", description = "The model's root hash, 64 hexadecimal digits.")
    @SuppressWarnings("NullAway.Init")
    String root;

    private final DownloadOrder order;

    private DownloadCommands(DownloadOrder order) {
        this.order = order;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!root.matches("[0-9a-f]{64}")) {
            throw new Failure("expected 64 lower-case hexadecimal digits, found '" + root + "'");
        }
        RunningInstance running = RunningInstance.find(home())
                .orElseThrow(
                        () -> new Failure(
                                "expected InferGrid to run, found it not running: start it with 'infergrid' or 'infergrid serve'"));
        JsonNode answer = running.verb("downloads/" + order.word() + "/" + root);
        if (common.json) {
            json(Map.of("modelRoot", root, "order", order.word(), "transfers", answer.path("transfers")));
        } else {
            out().println(order.word() + "  " + root.substring(0, 12));
        }
        return 0;
    }

    /** {@code infergrid models fetch}. */
    @Command(name = "fetch", description = "Have the running InferGrid fetch all shards of a model from the swarm.")
    static final class Fetch extends DownloadCommands {
        Fetch() {
            super(DownloadOrder.FETCH);
        }
    }

    /** {@code infergrid models pause}. */
    @Command(name = "pause", description = "Hold a download; what came is kept.")
    static final class Pause extends DownloadCommands {
        Pause() {
            super(DownloadOrder.PAUSE);
        }
    }

    /** {@code infergrid models resume}. */
    @Command(name = "resume", description = "Go on with a download that was paused or failed.")
    static final class Resume extends DownloadCommands {
        Resume() {
            super(DownloadOrder.RESUME);
        }
    }

    /** {@code infergrid models cancel}. */
    @Command(name = "cancel", description = "End a download; what came is kept.")
    static final class Cancel extends DownloadCommands {
        Cancel() {
            super(DownloadOrder.CANCEL);
        }
    }
}
