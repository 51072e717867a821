package io.infergrid.libp2p.netns;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Network namespaces that a test makes and that end with it, whatever happens: nothing in them reaches the machine's own network. Where
 * they cannot be had the test is skipped, and says what is missing.
 */
public final class NetworkLab implements AutoCloseable {

    private static final AtomicInteger LABS = new AtomicInteger();
    private static final long SECONDS = 20;

    private final String prefix = "ig" + ProcessHandle.current().pid() + "x" + LABS.incrementAndGet();
    private final List<String> namespaces = new ArrayList<>();
    private final List<AutoCloseable> processes = new ArrayList<>();

    private NetworkLab() {}

    /** A lab without any network yet. */
    public static NetworkLab open() throws IOException {
        expectTool("ip", "iproute2");
        expectTool("nft", "nftables");
        var lab = new NetworkLab();
        var probe = lab.execute(List.of("ip", "netns", "add", lab.prefix + "probe"));
        assumeTrue(probe.status == 0, "skipped: network namespaces are not permitted here: " + probe.text);
        lab.execute(List.of("ip", "netns", "del", lab.prefix + "probe"));
        return lab;
    }

    private static void expectTool(String tool, String debianPackage) {
        boolean there;
        try {
            there = new ProcessBuilder(tool, "-V")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            there = false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        assumeTrue(there, "skipped: " + tool + " is missing, which the Debian package " + debianPackage + " has");
    }

    /** Makes a namespace with its loopback interface up; returns its name for {@code ip netns exec}. */
    public String namespace(String name) throws IOException {
        var full = prefix + name;
        run("ip", "netns", "add", full);
        namespaces.add(full);
        in(full, "ip link set lo up");
        return full;
    }

    /** The namespaces made so far. */
    public List<String> namespaces() {
        return List.copyOf(namespaces);
    }

    /** A namespace that is a switch: whatever is plugged into it shares one network. */
    public String bridge(String name) throws IOException {
        var full = namespace(name);
        in(full, "ip link add br0 type bridge");
        in(full, "ip link set br0 up");
        return full;
    }

    /** Plugs a cable: {@code port} of a switch's namespace, {@code device} with an address in the other. */
    public void plug(String bridge, String port, String namespace, String device, String address) throws IOException {
        cable(bridge, port, namespace, device);
        connect(bridge, port, namespace, device, address);
    }

    /**
     * A line between two places, each in a namespace: the interfaces have no address and are down yet.
     *
     * @param delay of one way
     * @param lost frames of 10 000
     * @param bytesPerSecond each way, 0 for no limit
     */
    public record Line(Duration delay, int lost, long bytesPerSecond) {}

    /** Lays a long line as {@link #plug} lays a cable. Skips the test where there is no {@code /dev/net/tun}. */
    public void plug(String bridge, String port, String namespace, String device, String address, Line line)
            throws IOException {
        assumeTrue(
                Files.isWritable(Path.of("/dev/net/tun")), "skipped: /dev/net/tun is missing, the kernel's tun module");
        var between = namespace("w" + (namespaces.size()));
        var command = new ArrayList<>(inside(between));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                LineProcess.class.getName(),
                "one",
                "other",
                String.valueOf(line.delay.toNanos() / 1000),
                String.valueOf(line.lost),
                String.valueOf(line.bytesPerSecond),
                String.valueOf(namespaces.size())));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        kept(() -> process.destroyForcibly().waitFor(SECONDS, TimeUnit.SECONDS));
        var said = process.inputReader(StandardCharsets.UTF_8).readLine();
        if (!"ready".equals(said)) {
            throw new IOException("a line between two interfaces: expected it ready, found " + said);
        }
        in(between, "ip link set one netns " + bridge + " name " + port);
        in(between, "ip link set other netns " + namespace + " name " + device);
        connect(bridge, port, namespace, device, address);
    }

    private void connect(String bridge, String port, String namespace, String device, String address)
            throws IOException {
        in(bridge, "ip link set " + port + " master br0");
        in(bridge, "ip link set " + port + " up");
        in(namespace, "ip addr add " + address + " dev " + device);
        in(namespace, "ip link set " + device + " up");
    }

    private void cable(String here, String port, String there, String device) throws IOException {
        run("ip", "link", "add", port, "netns", here, "type", "veth", "peer", "name", device, "netns", there);
    }

    /**
     * A home: a router on the switch with that public address, and one machine behind it, {@code <lan>.2}, whose way out it is. The router
     * lets nothing in that was not asked for.
     *
     * @param masquerade {@code masquerade} for a NAT that keeps ports, {@code masquerade random,fully-random} for one with another port
     *     to each destination
     */
    public String home(String bridge, String name, String publicAddress, String lan, String masquerade)
            throws IOException {
        var router = namespace("r" + name);
        plug(bridge, "p" + name, router, "wan", publicAddress + "/24");
        return behind(router, name, lan, masquerade);
    }

    /** A home at the end of a long line. */
    public String home(String bridge, String name, String publicAddress, String lan, String masquerade, Line line)
            throws IOException {
        var router = namespace("r" + name);
        plug(bridge, "p" + name, router, "wan", publicAddress + "/24", line);
        return behind(router, name, lan, masquerade);
    }

    private String behind(String router, String name, String lan, String masquerade) throws IOException {
        var rig = namespace(name);
        cable(router, "lan", rig, "eth0");
        in(router, "ip addr add " + lan + ".1/24 dev lan");
        in(router, "ip link set lan up");
        in(rig, "ip addr add " + lan + ".2/24 dev eth0");
        in(rig, "ip link set eth0 up");
        in(rig, "ip route add default via " + lan + ".1");
        in(router, "sysctl -qw net.ipv4.ip_forward=1");
        in(router, """
                nft -f - <<'END'
                table ip home {
                  chain post { type nat hook postrouting priority srcnat; oifname "wan" %s; }
                  chain forward {
                    type filter hook forward priority filter; policy drop;
                    iifname "lan" accept
                    ct state established,related accept
                  }
                  chain input {
                    type filter hook input priority filter; policy accept;
                    iifname "wan" ct state established,related accept
                    iifname "wan" meta l4proto { tcp, udp } drop
                  }
                }
                END""".formatted(masquerade));
        return rig;
    }

    /** Runs a line of shell inside a namespace; it must succeed. */
    public void in(String namespace, String line) throws IOException {
        run("ip", "netns", "exec", namespace, "sh", "-c", line);
    }

    /** What starts a process inside a namespace. */
    public static List<String> inside(String namespace) {
        return List.of("ip", "netns", "exec", namespace);
    }

    /** A process to end before the namespaces do. */
    public <T extends AutoCloseable> T kept(T process) {
        processes.add(process);
        return process;
    }

    private record Result(int status, String text) {}

    private void run(String... command) throws IOException {
        var result = execute(List.of(command));
        if (result.status != 0) {
            throw new IOException(String.join(" ", command) + ": " + result.text);
        }
    }

    private Result execute(List<String> command) throws IOException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            var text = new String(process.getInputStream().readNBytes(8192), StandardCharsets.UTF_8).trim();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return new Result(-1, "no end within " + SECONDS + " s");
            }
            return new Result(process.exitValue(), text);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            throw new IOException(e);
        }
    }

    @Override
    public void close() throws Exception {
        for (var process : processes.reversed()) {
            process.close();
        }
        for (var namespace : namespaces) {
            execute(List.of("ip", "netns", "del", namespace));
        }
    }
}
