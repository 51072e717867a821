package io.infergrid.app.cli;

import io.infergrid.app.core.Observable;
import io.infergrid.app.core.Rig;
import io.infergrid.app.core.Rig.ChatMessage;
import io.infergrid.app.core.Rig.ChatOptions;
import io.infergrid.app.core.Rig.ChatResult;
import io.infergrid.app.paths.Home;
import io.infergrid.app.paths.RollingLog;
import io.infergrid.app.rig.RigService;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code infergrid chat}: one question, or a conversation, answered by a local grid that is there for as long. */
@Command(name = "chat", description = "Ask the local grid: one question, or a conversation on standard input.")
final class ChatCommand extends RigCommand {

    @Mixin
    ModelOptions model = new ModelOptions();

    @Mixin
    RigDeviceOptions device = new RigDeviceOptions();

    @Mixin
    SamplingOptions sampling = new SamplingOptions();

    @Option(names = "--stages", description = "After each answer, show the stages that computed it and their time.")
    boolean showStages;

    @Parameters(arity = "0..1", paramLabel = "QUESTION", description = "Without it, questions are read line by line.")
    @Nullable
    String question;

    @Override
    public Integer call() throws IOException, InterruptedException {
        sampling.check();
        device.check();
        Home home = home().create();
        RollingLog.open(home, "infergrid", common.verbose);
        Path file = model.readable();
        Instant opening = Clock.systemUTC().instant();
        try (var interruption = Interruption.asked();
                RigService rig = RigService.open(home, file, Clock.systemUTC(), new SecureRandom());
                Observable.Pin notices = RigStart.sayNotices(rig, opening, err())) {
            device.choose(rig);
            RigStart.awaitRunning(rig, interruption, step -> err().println(step));
            if (question != null) {
                ask(rig, List.of(new ChatMessage("user", question)), interruption.requested());
            } else {
                converse(rig, interruption);
            }
            interruption.check();
            return 0;
        }
    }

    private void converse(Rig rig, Interruption interruption) throws IOException {
        var conversation = new ArrayList<ChatMessage>();
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        err().println("Ask something; an empty line begins anew, the end of input (Ctrl-D) leaves.");
        for (String line; (line = lines.readLine()) != null; ) {
            interruption.check();
            if (line.isBlank()) {
                conversation.clear();
                continue;
            }
            conversation.add(new ChatMessage("user", line));
            ChatResult result = ask(rig, conversation, interruption.requested());
            conversation.add(new ChatMessage("assistant", result.text()));
        }
    }

    private ChatResult ask(Rig rig, List<ChatMessage> messages, BooleanSupplier cancelled) {
        var options = new ChatOptions(sampling.maxTokens, sampling.temperature, sampling.topP, sampling.seed);
        var hops = new LinkedHashMap<Integer, Rig.Hop>();
        ChatResult result = rig.chat(
                messages,
                options,
                (text, stages) -> {
                    stages.forEach(hop -> hops.put(hop.stage(), hop));
                    if (!common.json) {
                        out().print(text);
                        out().flush();
                    }
                },
                cancelled);
        if (common.json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("jobId", result.jobId());
            map.put("text", result.text());
            map.put("promptTokens", result.promptTokens());
            map.put("completionTokens", result.completionTokens());
            map.put("millis", result.time().toMillis());
            map.put("finishReason", result.finishReason());
            map.put("stages", hops.values().stream().map(Rig.Hop::peerId).toList());
            jsonLine(map);
        } else {
            out().println();
            if (showStages) {
                hops.values()
                        .forEach(hop -> err().printf(
                                        Locale.ROOT,
                                        "  stage %d  %s  %.2f ms%n",
                                        hop.stage() + 1,
                                        hop.peerId(),
                                        hop.time().toNanos() / 1e6));
            }
        }
        return result;
    }
}
