package io.infergrid.app.doctor;

import io.infergrid.app.core.Check;
import io.infergrid.app.core.Settings;
import io.infergrid.app.device.DemoModel;
import io.infergrid.app.gateway.RunningInstance;
import io.infergrid.app.paths.FileTrouble;
import io.infergrid.app.paths.Home;
import io.infergrid.app.settings.SettingsFile;
import io.infergrid.app.store.Store;
import io.infergrid.compute.conformance.Conformance;
import io.infergrid.compute.conformance.ConformanceReport;
import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.vulkan.DeviceKind;
import io.infergrid.compute.vulkan.VulkanBackend;
import io.infergrid.compute.vulkan.VulkanException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Looks at what a rig needs, one line each. Takes some seconds; changes nothing but missing directories. */
public final class SelfTest {

    private static final long ENOUGH_DISK_BYTES = 2L << 30;
    private static final long LITTLE_DISK_BYTES = 200L << 20;

    private final Home home;
    private final Clock clock;

    public SelfTest(Home home, Clock clock) {
        this.home = home;
        this.clock = clock;
    }

    /** @param each hears every line as soon as it is known */
    public List<Check> run(Consumer<Check> each) {
        var all = new ArrayList<Check>();
        Consumer<Check> add = check -> {
            all.add(check);
            each.accept(check);
        };
        add.accept(java());
        add.accept(memory());
        add.accept(directories());
        add.accept(disk());
        add.accept(settings());
        add.accept(database());
        add.accept(port());
        add.accept(vulkan());
        add.accept(processor());
        add.accept(demoModel());
        add.accept(display());
        add.accept(tray());
        add.accept(reach());
        return List.copyOf(all);
    }

    private static Check java() {
        String found = Runtime.version() + " (" + System.getProperty("java.vm.name") + ", "
                + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ")";
        return Runtime.version().feature() >= 25
                ? ok("Java", found)
                : failed("Java", found, "Install a JDK 25 and set INFERGRID_JAVA to its folder.");
    }

    private static Check memory() {
        var system = java.lang.management.ManagementFactory.getOperatingSystemMXBean();
        if (!(system instanceof com.sun.management.OperatingSystemMXBean os)) {
            return warning("Memory", "unknown", "");
        }
        String found = String.format(
                Locale.ROOT,
                "%.1f GB, %d processors",
                os.getTotalMemorySize() / 1e9,
                Runtime.getRuntime().availableProcessors());
        return os.getTotalMemorySize() >= 2L << 30
                ? ok("Memory", found)
                : warning("Memory", found, "Close other programs while the rig runs, or use fewer workers.");
    }

    private Check directories() {
        try {
            home.create();
            for (Path directory : List.of(home.config(), home.data(), home.cache(), home.state(), home.logs())) {
                if (!Files.isWritable(directory)) {
                    return failed("Folders", directory + " cannot be written", "Give your user write access to it.");
                }
            }
            return ok("Folders", home.data().toString());
        } catch (RuntimeException e) {
            return failed("Folders", String.valueOf(e.getMessage()), "Choose another place with --home.");
        }
    }

    private Check disk() {
        try {
            long free = Files.getFileStore(home.cache()).getUsableSpace();
            String found = String.format(Locale.ROOT, "%.1f GB free for %s", free / 1e9, home.cache());
            if (free < LITTLE_DISK_BYTES) {
                return failed("Disk", found, "Make room on this disk, or choose another place with --home.");
            }
            return free < ENOUGH_DISK_BYTES
                    ? warning("Disk", found, "Larger models need more room.")
                    : ok("Disk", found);
        } catch (IOException e) {
            return failed("Disk", FileTrouble.words(e), "Choose another place with --home.");
        }
    }

    private Check settings() {
        try {
            Settings settings = new SettingsFile(home.settings()).read();
            return ok(
                    "Settings",
                    "backend " + settings.backend().name().toLowerCase(Locale.ROOT) + ", " + settings.workers()
                            + " workers");
        } catch (RuntimeException e) {
            return failed(
                    "Settings",
                    String.valueOf(e.getMessage()),
                    "Correct or delete " + home.settings() + "; defaults are used then.");
        }
    }

    private Check database() {
        try (Store store = Store.openToRead(home.database(), clock).orElse(null)) {
            if (store == null) {
                return ok("Database", "none yet; it is made at the first start");
            }
            Map<String, Long> counts = store.jobCounts();
            long jobs = counts.values().stream().mapToLong(Long::longValue).sum();
            return ok("Database", "version " + store.version() + ", " + jobs + " jobs in " + store.file());
        } catch (RuntimeException e) {
            return failed(
                    "Database",
                    String.valueOf(e.getMessage()),
                    "Start InferGrid: it restores the last backup of a damaged database by itself.");
        }
    }

    private Check port() {
        int port;
        try {
            port = new SettingsFile(home.settings()).read().gatewayPort();
        } catch (RuntimeException e) {
            port = Settings.defaults().gatewayPort();
        }
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return ok("Local port", "127.0.0.1:" + socket.getLocalPort() + " is free");
        } catch (IOException e) {
            return warning(
                    "Local port",
                    "127.0.0.1:" + port + " is taken (by a running InferGrid or another program)",
                    "Nothing to do if InferGrid runs; else choose another port in the settings.");
        }
    }

    private static Check vulkan() {
        try (VulkanBackend device = VulkanBackend.open()) {
            ConformanceReport report = Conformance.run(device);
            String found = device.device() + ", driver " + device.facts().driver() + ", Vulkan "
                    + device.facts().apiVersion() + ": "
                    + (report.passed()
                            ? "conformant (" + report.results().size() + " operations, digest "
                                    + report.digest().substring(0, 12) + ")"
                            : report.summary());
            if (!report.passed()) {
                return failed(
                        "Vulkan", found, "Update the graphics driver; until then the CPU computes (backend auto).");
            }
            return device.facts().kind() == DeviceKind.CPU
                    ? warning(
                            "Vulkan",
                            found,
                            "This driver runs on the processor, where the CPU backend is faster and is taken (backend auto)."
                                    + " With a graphics card, install its driver to compute on the card.")
                    : ok("Vulkan", found);
        } catch (VulkanException e) {
            return warning(
                    "Vulkan",
                    "no device: " + e.getMessage(),
                    "Install or update the graphics driver; without one the CPU computes.");
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            return warning("Vulkan", "cannot be reached from here: " + e, "The CPU computes.");
        }
    }

    private static Check processor() {
        try (CpuBackend cpu = new CpuBackend()) {
            ConformanceReport report = Conformance.run(cpu);
            return report.passed()
                    ? ok("CPU backend", cpu.device() + ": conformant")
                    : failed(
                            "CPU backend", report.summary(), "Report this with the output of 'infergrid conformance'.");
        } catch (NoClassDefFoundError e) {
            return failed(
                    "CPU backend",
                    "this Java runs without the module jdk.incubator.vector",
                    "Start InferGrid by its launcher, bin/infergrid.");
        }
    }

    private static Check demoModel() {
        try {
            return ok("Demo model", DemoModel.file().toString());
        } catch (GgufException e) {
            return warning("Demo model", String.valueOf(e.getMessage()), "Name a GGUF file with --model.");
        }
    }

    /** The window can do without; asked of the environment, since asking AWT would start a toolkit. */
    private static Check tray() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return os.contains("win") || os.contains("mac")
                ? ok("Tray", "the system has one")
                : ok("Tray", "not used on this system; the window does without");
    }

    /** Only a rig that runs knows how others reach it. */
    private Check reach() {
        var running = RunningInstance.find(home);
        if (running.isEmpty()) {
            return ok("Reach", "known once the rig runs");
        }
        try {
            var reach = running.get().status().path("reach");
            var advice = reach.path("advice").asText();
            return switch (reach.path("state").asText()) {
                case "" -> ok("Reach", "the swarm is on this computer alone, nobody has to reach it from outside");
                case "private" -> warning("Reach", "private", advice);
                default -> ok("Reach", advice);
            };
        } catch (IOException e) {
            return ok("Reach", "the rig that runs does not tell now");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ok("Reach", "not asked");
        }
    }

    private static Check display() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        boolean present = os.contains("win")
                || os.contains("mac")
                || System.getenv("DISPLAY") != null
                || System.getenv("WAYLAND_DISPLAY") != null;
        return present
                ? ok("Display", "present, the window can open")
                : warning("Display", "none", "Use the command line: infergrid run, serve, chat.");
    }

    private static Check ok(String name, String found) {
        return new Check(name, Check.Status.OK, found, "");
    }

    private static Check warning(String name, String found, String nextStep) {
        return new Check(name, Check.Status.WARNING, found, nextStep);
    }

    private static Check failed(String name, String found, String nextStep) {
        return new Check(name, Check.Status.FAILED, found, nextStep);
    }
}
