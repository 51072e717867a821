package io.infergrid.app.cli;

import io.infergrid.app.care.sense.ThisComputer;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.RigState;
import io.infergrid.app.gateway.LocalApi;
import io.infergrid.app.gateway.RunningInstance;
import io.infergrid.app.paths.Home;
import io.infergrid.app.paths.RollingLog;
import io.infergrid.app.rig.RigService;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code infergrid serve}: the rig without a window, until Ctrl-C. */
@Command(
        name = "serve",
        description = "Start the local grid and the OpenAI-compatible API on 127.0.0.1; runs until Ctrl-C.")
final class ServeCommand extends RigCommand {

    @Mixin
    ModelOptions model = new ModelOptions();

    @Mixin
    RigDeviceOptions device = new RigDeviceOptions();

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "Port of the API (default: that of the settings; 0 for any).")
    @Nullable
    Integer port;

    @Option(names = "--paused", description = "Serve the API, but wait for Start.")
    boolean paused;

    @Override
    public Integer call() throws IOException {
        if (port != null && (port < 0 || port > 65535)) {
            throw new Failure("expected a --port from 0 to 65535, found " + port);
        }
        device.check();
        Home home = home().create();
        RollingLog.open(home, "infergrid", common.verbose);
        Path file = model.readable();
        Instant opening = Clock.systemUTC().instant();
        var random = new SecureRandom();
        try (var interruption = Interruption.waking();
                RigService rig = RigService.open(
                        home, file, Clock.systemUTC(), random, () -> ThisComputer.open(System.getenv()));
                LocalApi api = new LocalApi(
                        rig,
                        port == null ? rig.settings().get().gatewayPort() : port,
                        RunningInstance.token(home),
                        true,
                        () -> {},
                        Clock.systemUTC(),
                        random);
                Observable.Pin states = rig.state().observe(this::say);
                Observable.Pin notices = RigStart.sayNotices(rig, opening, err())) {
            device.choose(rig);
            RunningInstance.announce(home, api.port());
            if (common.json) {
                jsonLine(Map.of(
                        "event",
                        "listening",
                        "port",
                        api.port(),
                        "tokenFile",
                        RunningInstance.tokenFile(home).toString()));
            } else {
                out().println("OpenAI-compatible API: http://127.0.0.1:" + api.port() + "/v1");
                out().println("Key (bearer token) in:  " + RunningInstance.tokenFile(home));
            }
            if (!paused) {
                rig.start();
            }
            try {
                Thread.sleep(Duration.ofDays(365_000));
            } catch (InterruptedException e) {
                err().println("Stopping.");
            } finally {
                RunningInstance.retract(home);
            }
            return 130;
        }
    }

    private void say(RigState state) {
        if (common.json) {
            jsonLine(Map.of("event", "state", "sentence", state.sentence()));
        } else {
            out().println(state.sentence());
        }
    }
}
