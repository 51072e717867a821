package io.infergrid.app.cli;

import io.infergrid.app.core.Settings.BackendChoice;
import io.infergrid.app.device.DeviceException;
import io.infergrid.app.device.OpenDevice;
import io.infergrid.compute.conformance.Conformance;
import io.infergrid.compute.conformance.ConformanceReport;
import io.infergrid.compute.engine.Backend;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code infergrid conformance}: does a device compute the bits of IG1, operation by operation. */
@Command(
        name = "conformance",
        description = "Check operation by operation that a device computes the bits of IG1; auto checks every device.")
final class ConformanceCommand extends RigCommand {

    @Mixin
    BackendOptions device = new BackendOptions();

    @Override
    public Integer call() {
        device.check();
        var reports = new ArrayList<ConformanceReport>();
        try (var interruption = Interruption.asked()) {
            if (device.backend != BackendChoice.CPU) {
                try (OpenDevice vulkan = OpenDevice.known(BackendChoice.VULKAN, device.choice(), 0, "")) {
                    reports.add(run(vulkan.backend(), interruption));
                } catch (DeviceException e) {
                    if (device.backend() == BackendChoice.VULKAN) {
                        throw e;
                    }
                    err().println("No Vulkan device is checked: " + e.getMessage());
                }
            }
            if (device.backend() != BackendChoice.VULKAN) {
                try (OpenDevice cpu = OpenDevice.known(BackendChoice.CPU, device.threads, "")) {
                    reports.add(run(cpu.backend(), interruption));
                }
            }
            interruption.check();
        }
        boolean passed = reports.stream().allMatch(ConformanceReport::passed);
        if (common.json) {
            json(reports.stream().map(ConformanceCommand::map).toList());
        } else {
            reports.forEach(this::print);
        }
        return passed ? 0 : 1;
    }

    private ConformanceReport run(Backend backend, Interruption interruption) {
        ConformanceReport report = Conformance.run(
                backend,
                interruption.requested(),
                (operation, fraction) ->
                        err().printf(Locale.ROOT, "\r%s: %3.0f %%  %-40s", backend.name(), fraction * 100, operation));
        err().printf(Locale.ROOT, "\r%-60s\r", "");
        err().flush();
        return report;
    }

    private void print(ConformanceReport report) {
        for (ConformanceReport.Result result : report.results()) {
            out().printf(
                            Locale.ROOT,
                            "%s  %-36s %s%n",
                            result.passed() ? "same  " : "DIFFERS",
                            result.operation(),
                            result.failure() == null ? result.found() : result.failure());
        }
        out().println(report.summary() + ".");
        out().printf(
                        Locale.ROOT,
                        "digest %s, in %d ms%n",
                        report.digest(),
                        report.took().toMillis());
    }

    private static Map<String, Object> map(ConformanceReport report) {
        var map = new LinkedHashMap<String, Object>();
        map.put("backend", report.backend());
        map.put("device", report.device());
        map.put("tableVersion", report.tableVersion());
        map.put("passed", report.passed());
        map.put("digest", report.digest());
        map.put("millis", report.took().toMillis());
        map.put("results", results(report));
        return map;
    }

    private static List<Map<String, Object>> results(ConformanceReport report) {
        return report.results().stream()
                .map(result -> {
                    var map = new LinkedHashMap<String, Object>();
                    map.put("operation", result.operation());
                    map.put("passed", result.passed());
                    map.put("found", result.found());
                    return (Map<String, Object>) map;
                })
                .toList();
    }
}
