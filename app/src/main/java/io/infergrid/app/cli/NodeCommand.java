package io.infergrid.app.cli;

import io.infergrid.app.core.Sharing;
import io.infergrid.app.device.OpenDevice;
import io.infergrid.app.grid.NodeOrders;
import io.infergrid.app.grid.OpenNode;
import io.infergrid.app.paths.Home;
import io.infergrid.app.paths.RollingLog;
import io.infergrid.app.settings.SettingsFile;
import io.infergrid.grid.BlockRange;
import io.infergrid.grid.GridException;
import io.infergrid.grid.GridListener;
import io.infergrid.grid.GridNode;
import io.infergrid.grid.GridNodeConfig;
import io.infergrid.grid.Hash;
import io.infergrid.grid.Role;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.pnet.PreSharedKey;
import io.infergrid.libp2p.quic.QuicTransport;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code infergrid node}: one node of the grid in this process. It seeds a model, serves blocks of one, or both; says {@code
 * ready} when it does; and leaves when its standard input ends or it is asked to.
 */
@Command(
        name = "node",
        description = "Run one node of the grid: serve blocks of a model, or seed one. Ends with its standard input.")
final class NodeCommand extends RigCommand {

    private static final Pattern RANGE = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");

    @Mixin
    BackendOptions device = new BackendOptions();

    @Option(
            names = "--listen",
            paramLabel = "ADDRESS",
            description = "Where to listen (default: as set in the settings file, this computer alone unless changed).")
    List<String> listen = List.of();

    private static final int LONGEST_ORDER = 100;

    @Option(
            names = "--bootstrap",
            paramLabel = "ADDRESS",
            description = "Addresses of nodes to join, each ending in /p2p/ID, beside those of the settings file.")
    List<String> bootstrap = List.of();

    @Option(
            names = "--mdns",
            negatable = true,
            description = "Find nodes on the local network (default: as set, if --listen is more than this computer).")
    @Nullable
    Boolean mdns;

    @Option(
            names = "--dht",
            negatable = true,
            description = "Find nodes and shards by the DHT (default: as set, if --listen is more than this computer).")
    @Nullable
    Boolean dht;

    @Option(names = "--model", paramLabel = "ROOT", description = "The model to serve blocks of, by its root hash.")
    @Nullable
    String model;

    @Option(
            names = "--blocks",
            paramLabel = "A-B|auto",
            description = "Which blocks to serve (default: ${DEFAULT-VALUE}, those that the grid needs most).")
    String blocks = "auto";

    @Option(
            names = "--stages",
            paramLabel = "N",
            description = "With --blocks auto: into how many stages the model is cut (default: ${DEFAULT-VALUE}).")
    int stages = 3;

    @Option(names = "--seed-file", paramLabel = "FILE", description = "Offer all shards of this GGUF file to the grid.")
    @Nullable
    Path seedFile;

    @Option(
            names = "--conformance-digest",
            paramLabel = "HEX",
            description = "Announce this digest of a conformance run that was made already, instead of making one.")
    @Nullable
    String conformanceDigest;

    @Option(
            names = "--announce-seconds",
            paramLabel = "S",
            description = "Time between two announcements (default: ${DEFAULT-VALUE}).")
    int announceSeconds = 60;

    @Option(
            names = "--fetch-seconds",
            paramLabel = "S",
            description = "How long to look for shards before giving up (default: ${DEFAULT-VALUE}).")
    int fetchSeconds = 120;

    @Option(
            names = "--no-reach",
            description =
                    "Do not find out whether others reach this node, and do nothing about it; so is it on loopback addresses.")
    boolean noReach;

    @Option(names = "--no-port-mapping", description = "Do not ask the router to forward the port.")
    boolean noPortMapping;

    @Option(names = "--no-relays", description = "Neither be reached over relays nor relay for others.")
    boolean noRelays;

    @Option(
            names = "--up",
            paramLabel = "BYTES",
            converter = ByteCount.class,
            description = "Most bytes of shards a second to others, e.g. 2MiB (default: as set, 0 is no limit).")
    @Nullable
    Long up;

    @Option(
            names = "--down",
            paramLabel = "BYTES",
            converter = ByteCount.class,
            description = "Most bytes of shards a second from others (default: as set, 0 is no limit).")
    @Nullable
    Long down;

    @Option(
            names = "--disk",
            paramLabel = "BYTES",
            converter = ByteCount.class,
            description = "Most bytes of shards on the disk; beyond, those that most others have are deleted"
                    + " (default: as set, 0 is as much as there is).")
    @Nullable
    Long disk;

    @Option(
            names = "--delete-last-copies",
            description =
                    "With --disk: also delete what nobody else is known to have, when there is no room otherwise.")
    boolean deleteLastCopies;

    @Option(
            names = "--seed-disk",
            paramLabel = "BYTES",
            converter = ByteCount.class,
            description = "Fill the disk up to this with shards that the swarm lacks (default: as set, 0 is nothing).")
    @Nullable
    Long seedDisk;

    @Option(
            names = "--no-quic",
            description =
                    "Listen on TCP only; else on QUIC too, at the same port of UDP, where other machines can reach it.")
    boolean noQuic;

    @Option(
            names = "--network-key",
            paramLabel = "FILE",
            description =
                    "Speak only to nodes that hold the same key, over TCP: a private swarm of known rigs. That is the answer for"
                            + " data that strangers may not see; the public grid is not.")
    @Nullable
    Path networkKey;

    @Option(names = "--ignore-stdin", description = "Go on when standard input ends, as for a system service.")
    boolean ignoreStdin;

    @Override
    public Integer call() throws IOException, GridException, InterruptedException {
        if (announceSeconds < 1 || announceSeconds > 600 || fetchSeconds < 1) {
            throw new Failure("expected 1 to 600 --announce-seconds and a positive --fetch-seconds, found "
                    + announceSeconds + " and " + fetchSeconds);
        }
        device.check();
        Asked asked = asked();
        Home home = home().create();
        RollingLog.open(home, "node", common.verbose);
        OpenNode.Ways ways = ways(new SettingsFile(home.settings()).read().sharing(), asked.bootstrap());
        var leaving = new AtomicBoolean();
        var orders = new Orders();
        try (var interruption = Interruption.waking();
                OpenDevice opened = conformanceDigest == null
                        ? device.open(interruption.requested())
                        : OpenDevice.known(device.backend(), device.choice(), device.threads, conformanceDigest)) {
            if (!ignoreStdin) {
                obeyStandardInput(Thread.currentThread(), leaving, orders);
            }
            try (OpenNode joined = start(home, opened, ways)) {
                GridNode node = joined.node();
                orders.goTo(node);
                if (seedFile != null) {
                    Hash root = node.seed(seedFile, "");
                    say(node, Map.of("event", "seeding", "model", root.hex()));
                }
                if (asked.model() != null) {
                    say(node, Map.of("event", "joining"));
                    BlockRange serving = serve(node, asked.model(), asked.blocks());
                    say(
                            node,
                            Map.of(
                                    "event",
                                    "ready",
                                    "blocks",
                                    serving.toString(),
                                    "device",
                                    opened.backend().device()));
                } else {
                    say(node, Map.of("event", "ready"));
                }
                Thread.sleep(Duration.ofDays(365_000));
            } catch (InterruptedException e) {
                // asked to leave: the node is closed on the way out
            } catch (RuntimeException | IOException e) {
                if (!leaving.get() && !interruption.requested().getAsBoolean()) {
                    throw e; // else it is how a file or socket in use says that its thread was interrupted
                }
            }
            if (interruption.requested().getAsBoolean()) {
                return 130;
            }
            return 0;
        }
    }

    /**
     * What the options say, once they were understood.
     *
     * @param model null to serve none
     * @param blocks null for those that the grid needs most
     */
    private record Asked(
            List<Multiaddr> bootstrap,
            @Nullable Hash model,
            @Nullable BlockRange blocks) {}

    private Asked asked() {
        listen.forEach(Multiaddr::parse);
        privateNetwork();
        if (seedFile != null && !Files.isReadable(seedFile)) {
            throw new Failure("expected a GGUF file or a package in --seed-file, found none at " + seedFile);
        }
        return new Asked(
                bootstrap.stream().map(Multiaddr::parse).toList(),
                model == null ? null : new Hash(model),
                blocks.equals("auto") ? null : range());
    }

    private BlockRange range() {
        Matcher range = RANGE.matcher(blocks);
        if (!range.matches()) {
            throw new Failure("expected --blocks like 0-3, 5 or auto, found '" + blocks + "'");
        }
        int first = Integer.parseInt(range.group(1));
        int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
        if (last < first) {
            throw new Failure("expected --blocks FIRST-LAST with FIRST up to LAST, found '" + blocks + "'");
        }
        return new BlockRange(first, last + 1);
    }

    private OpenNode start(Home home, OpenDevice opened, OpenNode.Ways ways) throws IOException {
        Set<Role> roles = model == null ? Set.of(Role.SEEDER) : Set.of(Role.WORKER);
        if (ways.quic() && ways.beyond()) {
            QuicTransport.unavailable().ifPresent(why -> err().println("Listening on TCP only: " + why));
        }
        return OpenNode.start(
                home,
                ways,
                "infergrid/" + Version.text().replace(' ', '-'),
                GridNodeConfig.defaults(home.shards(), roles, ways.join())
                        .withAnnouncePeriod(Duration.ofSeconds(announceSeconds))
                        .withConformance("IG1", opened.conformanceDigest()),
                opened.backend(),
                Clock.systemUTC(),
                new SecureRandom(),
                new GridListener() {});
    }

    /** What the settings file says, and what the options say differently. */
    private OpenNode.Ways ways(Sharing set, List<Multiaddr> bootstrapNodes) {
        var usual = OpenNode.Ways.of(set);
        var where = listen.isEmpty()
                ? usual.listen()
                : listen.stream().map(Multiaddr::parse).toList();
        var join = new ArrayList<>(usual.join());
        join.addAll(bootstrapNodes);
        var sharing = usual.shares()
                .withRates(
                        Objects.requireNonNullElse(up, usual.shares().upBytesPerSecond()),
                        Objects.requireNonNullElse(down, usual.shares().downBytesPerSecond()))
                .withRoom(
                        Objects.requireNonNullElse(disk, usual.shares().diskBytes()),
                        deleteLastCopies,
                        Objects.requireNonNullElse(seedDisk, usual.shares().seedBytes()));
        // a node that nobody but this computer can reach has nobody to find and none to be found by, unless it is asked
        // to
        boolean beyond = where.stream()
                .anyMatch(address ->
                        address.ip().filter(InetAddress::isLoopbackAddress).isEmpty());
        return new OpenNode.Ways(
                where,
                join,
                Objects.requireNonNullElse(mdns, beyond && set.mdns()),
                Objects.requireNonNullElse(dht, beyond && set.dht()),
                !noQuic && set.quic(),
                noReach
                        ? GridNodeConfig.Reach.OFF
                        : new GridNodeConfig.Reach(
                                true, !noPortMapping && set.portMapping(), !noRelays && set.relays()),
                sharing,
                privateNetwork());
    }

    private Optional<PreSharedKey> privateNetwork() {
        if (networkKey == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(PreSharedKey.read(networkKey));
        } catch (IOException e) {
            throw new Failure("expected the key of a private network in --network-key: " + e.getMessage());
        }
    }

    private BlockRange serve(GridNode node, Hash root, @Nullable BlockRange serving)
            throws GridException, InterruptedException {
        Duration limit = Duration.ofSeconds(fetchSeconds);
        if (serving == null) {
            return node.serveWhereNeeded(root, stages, limit);
        }
        node.serve(root, serving, limit);
        return serving;
    }

    private void say(GridNode node, Map<String, Object> event) {
        var line = new LinkedHashMap<String, Object>();
        line.put("event", event.get("event"));
        line.put("peerId", node.peerId());
        line.put("addresses", node.snapshot().addresses());
        line.putAll(event);
        if (common.json) {
            jsonLine(line);
        } else {
            out().println(line.entrySet().stream()
                    .map(entry -> entry.getKey().equals("event")
                            ? String.valueOf(entry.getValue())
                            : entry.getKey() + " " + entry.getValue())
                    .reduce((a, b) -> a + "  " + b)
                    .orElse(""));
        }
    }

    /** Whoever started this holds the other end; when it is gone, however it went, nothing here is needed any more. */
    private static void obeyStandardInput(Thread worker, AtomicBoolean leaving, Orders orders) {
        Thread.ofPlatform().daemon().name("standard-input").start(() -> {
            var line = new StringBuilder();
            try {
                InputStream in = System.in;
                for (int next; (next = in.read()) >= 0; ) {
                    if (next == '\n') {
                        NodeOrders.dutyOf(line.toString().strip()).ifPresent(orders::duty);
                        line.setLength(0);
                    } else if (line.length() < LONGEST_ORDER) {
                        line.append((char) next);
                    }
                }
            } catch (IOException e) {
                // as good as its end
            }
            leaving.set(true);
            worker.interrupt();
        });
    }

    /** What standard input orders, kept until there is a node to tell. */
    private static final class Orders {
        private int duty = 100;
        private @Nullable GridNode node;

        synchronized void duty(int percent) {
            duty = percent;
            if (node != null) {
                node.duty(percent);
            }
        }

        synchronized void goTo(GridNode up) {
            node = up;
            up.duty(duty);
        }
    }
}
