package io.infergrid.app.cli;

import io.infergrid.app.core.Check;
import io.infergrid.app.device.VulkanDevices;
import io.infergrid.app.doctor.SelfTest;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code infergrid doctor}: is everything here that the rig needs, and what to do where it is not. */
@Command(name = "doctor", description = "Check everything the rig needs; say what to do where something is missing.")
final class DoctorCommand extends RigCommand {

    @Override
    public Integer call() {
        List<Check> checks = new SelfTest(home(), Clock.systemUTC()).run(check -> {
            if (!common.json) {
                print(check);
            }
        });
        boolean good = checks.stream().noneMatch(check -> check.status() == Check.Status.FAILED);
        if (common.json) {
            json(Map.of("ok", good, "checks", checks, "devices", VulkanDevices.list()));
        } else {
            out().println(good ? "Ready." : "Not ready: see the lines marked FAIL.");
        }
        return good ? 0 : 1;
    }

    private void print(Check check) {
        String mark = switch (check.status()) {
            case OK -> " ok ";
            case WARNING -> "note";
            case FAILED -> "FAIL";
        };
        out().printf(Locale.ROOT, "[%s] %-12s %s%n", mark, check.name(), check.found());
        if (!check.nextStep().isEmpty()) {
            out().printf(Locale.ROOT, "       %-12s %s%n", "", check.nextStep());
        }
    }
}
