package io.infergrid.app.cli;

import io.infergrid.app.care.sense.ThisComputer;
import io.infergrid.app.core.Window;
import io.infergrid.app.gateway.LocalApi;
import io.infergrid.app.gateway.RunningInstance;
import io.infergrid.app.paths.Home;
import io.infergrid.app.paths.RollingLog;
import io.infergrid.app.rig.RigService;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Optional;
import java.util.ServiceLoader;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code infergrid run}: the window; without a display, the same as a demonstration in the terminal that ends by itself. */
@Command(
        name = "run",
        description = "Open the window; without a display, demonstrate the same in the terminal and end.")
final class RunCommand extends RigCommand {

    @Mixin
    ModelOptions model = new ModelOptions();

    @Mixin
    RigDeviceOptions device = new RigDeviceOptions();

    @Option(names = "--terminal", description = "Demonstrate in the terminal even if there is a display.")
    boolean terminal;

    @Override
    public Integer call() throws IOException, InterruptedException {
        device.check();
        Home home = home().create();
        Optional<RunningInstance> running = RunningInstance.find(home);
        RollingLog.open(home, "infergrid", common.verbose);
        if (terminal || !Display.present()) {
            return new Demonstration(home, model.readable(), device, this).run();
        }
        if (running.isPresent()) {
            running.get().verb("reveal");
            err().println("InferGrid runs already; its window was brought to the front.");
            return 0;
        }
        return window(home, model.file());
    }

    private int window(Home home, Path file) throws IOException {
        var random = new SecureRandom();
        Window window = ServiceLoader.load(Window.class)
                .findFirst()
                .orElseThrow(() -> new Failure("expected the window in this build, found none: try --terminal"));
        try (var interruption = Interruption.waking();
                RigService rig = RigService.open(
                        home, file, Clock.systemUTC(), random, () -> ThisComputer.open(System.getenv()));
                LocalApi api = api(home, rig, window, random)) {
            device.choose(rig);
            RunningInstance.announce(home, api.port());
            try {
                if (rig.settings().get().startWhenOpened()) {
                    rig.start();
                }
                window.show(rig);
            } finally {
                RunningInstance.retract(home);
            }
            return interruption.requested().getAsBoolean() ? 130 : 0;
        }
    }

    /** On the port of the settings; if another program has it, on any, so that the window still opens. */
    private static LocalApi api(Home home, RigService rig, Window window, SecureRandom random) throws IOException {
        var settings = rig.settings().get();
        String token = RunningInstance.token(home);
        try {
            return new LocalApi(
                    rig, settings.gatewayPort(), token, settings.gateway(), window::reveal, Clock.systemUTC(), random);
        } catch (IOException e) {
            LoggerFactory.getLogger(RunCommand.class)
                    .warn("port {} is taken ({}); the API takes any other", settings.gatewayPort(), e.getMessage());
            return new LocalApi(rig, 0, token, settings.gateway(), window::reveal, Clock.systemUTC(), random);
        }
    }
}
