package io.infergrid.grid.exchange;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufWriter;
import io.infergrid.compute.gguf.GgufWriter.Declaration;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.grid.GridException;
import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.Hash;
import io.infergrid.grid.model.GgufShards;
import io.infergrid.grid.model.HeldShards;
import io.infergrid.grid.model.ShardStore;
import io.infergrid.grid.net.Swarm;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * What the exchange makes of a line: a raw libp2p stream and the exchange by turns in one run, between hosts in this process over TCP on
 * the loopback interface; beside it what the parts cost alone (SHA-256, writing to the disk). Both ends share this computer's cores, so the
 * processor time of each byte is the figure that carries over to a line between two computers.
 */
public final class ExchangeBenchmark {

    private static final String RAW = "/infergrid/benchmark/raw";
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final int SOURCES = 4;
    private static final int COLUMNS = 1024;
    private static final double MIB = 1 << 20;

    /**
     * @param bytes of the model that is sent in each round
     * @param rounds of stream and exchange by turns; the medians count
     * @param limitedBytesPerSecond what each of four sources may send in the last part
     */
    public record Plan(long bytes, int rounds, long limitedBytesPerSecond) {
        public Plan {
            if (bytes < 8 << 20 || bytes > 64L << 30 || rounds < 1 || limitedBytesPerSecond < 1 << 20) {
                throw new IllegalArgumentException(
                        "expected a model of 8 MiB to 64 GiB, rounds and a limit of 1 MiB/s or" + " more, found "
                                + bytes + ", " + rounds + " and " + limitedBytesPerSecond);
            }
        }
    }

    /** Seconds of the clock, and of all this process's threads on the processors. */
    private record Took(double seconds, double processor) {}

    private interface Work {
        void run() throws Exception;
    }

    private final Path folder;
    private final Plan plan;
    private final RandomGenerator random;

    /** @param folder for the model and what is fetched of it; what this makes there it deletes */
    public ExchangeBenchmark(Path folder, Plan plan, RandomGenerator random) {
        this.folder = folder;
        this.plan = plan;
        this.random = random;
    }

    /** Measures for some minutes; figures by name, the unit in the name. */
    public Map<String, Double> run() throws Exception {
        Path gguf = folder.resolve("benchmark.gguf");
        var figures = new LinkedHashMap<String, Double>();
        try (Source source = source(write(gguf), 0);
                Host sink = new HostBuilder().start()) {
            double mib = Files.size(gguf) / MIB;
            figures.put("size.MiB", mib);
            figures.put("sha256.MiBps", mib / time(() -> hash(Files.size(gguf))).seconds());
            figures.put(
                    "disk.write.MiBps",
                    mib / time(() -> writeDisk(Files.size(gguf))).seconds());
            raw(source, sink); // warm up both ways before anything counts
            fetch(List.of(source), sink);
            var streams = new ArrayList<Took>();
            var exchanges = new ArrayList<Took>();
            for (int round = 0; round < plan.rounds(); round++) {
                streams.add(time(() -> raw(source, sink)));
                exchanges.add(fetch(List.of(source), sink));
            }
            put(figures, "stream", mib, streams);
            put(figures, "exchange", mib, exchanges);
            figures.put(
                    "exchange.perStream",
                    figures.getOrDefault("exchange.MiBps", 0.0) / figures.getOrDefault("stream.MiBps", 1.0));
            figures.putAll(limited(gguf));
        } finally {
            Files.deleteIfExists(gguf);
        }
        return figures;
    }

    private Map<String, Double> limited(Path gguf) throws Exception {
        var figures = new LinkedHashMap<String, Double>();
        var sources = new ArrayList<Source>();
        try (Host sink = new HostBuilder().start()) {
            for (int i = 0; i < SOURCES; i++) {
                sources.add(source(gguf, plan.limitedBytesPerSecond()));
            }
            double mib = Files.size(gguf) / MIB;
            double limit = plan.limitedBytesPerSecond() / MIB;
            figures.put("limited.source.MiBps", limit);
            Took one = fetch(sources.subList(0, 1), sink);
            figures.put("limited.one.MiBps", mib / one.seconds());
            figures.put("limited.one.perLimit", mib / one.seconds() / limit);
            Took four = fetch(sources, sink);
            figures.put("limited.four.MiBps", mib / four.seconds());
            figures.put("limited.four.perSum", mib / four.seconds() / (SOURCES * limit));
        } finally {
            sources.forEach(Source::close);
        }
        return figures;
    }

    private static void put(Map<String, Double> figures, String name, double mib, List<Took> took) {
        figures.put(
                name + ".MiBps", mib / median(took.stream().map(Took::seconds).toList()));
        figures.put(
                name + ".processor.msPerMiB",
                median(took.stream().map(Took::processor).toList()) * 1000 / mib);
    }

    private static double median(List<Double> values) {
        return values.stream()
                .sorted()
                .skip((values.size() - 1) / 2)
                .findFirst()
                .orElse(0.0);
    }

    private static Took time(Work work) throws Exception {
        long processor = processorNanos();
        long start = System.nanoTime();
        work.run();
        return new Took((System.nanoTime() - start) / 1e9, (processorNanos() - processor) / 1e9);
    }

    private static long processorNanos() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getProcessCpuTime()
                : 0;
    }

    // ---- the parts alone

    private static void hash(long bytes) {
        var digest = Hash.sha256();
        byte[] block = new byte[1 << 20];
        for (long done = 0; done < bytes; done += block.length) {
            digest.update(block, 0, (int) Math.min(block.length, bytes - done));
        }
        digest.digest();
    }

    private void writeDisk(long bytes) throws IOException {
        Path file = folder.resolve("benchmark.disk");
        try (var out = FileChannel.open(file, CREATE, WRITE, TRUNCATE_EXISTING)) {
            byte[] block = new byte[1 << 20];
            for (long done = 0; done < bytes; ) {
                done += out.write(ByteBuffer.wrap(block, 0, (int) Math.min(block.length, bytes - done)));
            }
            out.force(true);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    // ---- a model of random bytes

    private Path write(Path gguf) throws IOException {
        long rows = plan.bytes() / COLUMNS;
        var tensors = List.of(
                Declaration.matrix("token_embd.weight", TensorType.F32, COLUMNS, Math.max(1, rows / 4)),
                Declaration.vector("blk.0.attn_norm.weight", TensorType.F32, COLUMNS),
                Declaration.vector("output_norm.weight", TensorType.F32, COLUMNS));
        GgufMetadata metadata = GgufMetadata.builder()
                .string("general.architecture", "llama")
                .string("general.name", "benchmark")
                .string("general.license", "CC0-1.0")
                .uint32("llama.block_count", 1)
                .uint32("llama.context_length", 1)
                .uint32("llama.embedding_length", COLUMNS)
                .build();
        var drawn = new SplittableRandom(random.nextLong());
        try (var writer = GgufWriter.create(gguf, metadata, tensors)) {
            for (Declaration tensor : tensors) {
                long left = Arrays.stream(tensor.dimensions().stream()
                                .mapToLong(Long::longValue)
                                .toArray())
                        .reduce(4, (a, b) -> a * b);
                byte[] bytes = new byte[Math.toIntExact(left)];
                drawn.nextBytes(bytes);
                writer.append(ByteBuffer.wrap(bytes));
            }
            writer.commit();
        }
        return gguf;
    }

    // ---- hosts

    private record Source(Host host, GgufShards shards, ShardExchange exchange) implements AutoCloseable {
        @Override
        public void close() {
            exchange.close();
            host.close();
            shards.close();
        }
    }

    private Source source(Path gguf, long bytesPerSecond) throws IOException {
        Host host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        var shards = new GgufShards(gguf, "");
        ShardExchange exchange = exchange(
                host, model -> List.of(), model -> Optional.of(shards), new ShardExchange.Limits(8, bytesPerSecond, 0));
        exchange.start();
        host.handle(RAW, stream -> {
            try {
                sendRaw(stream, shards.manifest().fileBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return new Source(host, shards, exchange);
    }

    private ShardExchange exchange(
            Host host,
            Function<Hash, List<ProviderDirectory.Provider>> announced,
            Function<Hash, Optional<HeldShards>> models,
            ShardExchange.Limits limits) {
        var metrics = new GridMetrics();
        return new ShardExchange(
                new Swarm(host, metrics),
                ProviderDirectory.none(),
                announced,
                models,
                folder,
                limits,
                Clock.systemUTC(),
                random,
                metrics,
                progress -> {},
                new ShardExchange.News() {
                    @Override
                    public void stored(Hash model, int shard, boolean whole) {
                        // nobody is told
                    }

                    @Override
                    public void spoilt(Hash model, int shard) {
                        // nobody is told
                    }
                });
    }

    private static void sendRaw(Stream stream, long bytes) throws IOException {
        byte[] block = new byte[ShardMessage.BLOCK_BYTES];
        for (long done = 0; done < bytes; done += block.length) {
            stream.out().write(block, 0, (int) Math.min(block.length, bytes - done));
        }
        stream.out().flush();
        stream.closeWrite();
    }

    private static void raw(Source source, Host sink) throws IOException {
        sink.connect(source.host().peerId(), source.host().addresses(), LIMIT);
        try (Stream stream = sink.open(source.host().peerId(), RAW, LIMIT)) {
            stream.timeout(LIMIT);
            byte[] block = new byte[ShardMessage.BLOCK_BYTES];
            long left = source.shards().manifest().fileBytes();
            for (int read; left > 0 && (read = stream.in().read(block)) >= 0; ) {
                left -= read;
            }
            if (left > 0) {
                throw new IOException("expected " + left + " more bytes of the stream, found its end");
            }
        }
    }

    /** Fetches the whole model into an empty store, until all of it is on the disk. */
    private Took fetch(List<Source> sources, Host sink) throws Exception {
        var providers = sources.stream()
                .map(source -> new ProviderDirectory.Provider(
                        source.host().peerId(), source.host().addresses()))
                .toList();
        for (Source source : sources) {
            sink.connect(source.host().peerId(), source.host().addresses(), LIMIT);
        }
        GgufShards model = sources.getFirst().shards();
        ShardExchange exchange =
                exchange(sink, root -> providers, root -> Optional.empty(), new ShardExchange.Limits(0, 0, 0));
        ShardStore store = ShardStore.of(folder.resolve("benchmark.shards"), model.manifest());
        try (exchange) {
            List<Integer> all =
                    IntStream.range(0, model.manifest().shards().size()).boxed().toList();
            return time(() -> get(exchange, store, all));
        } finally {
            store.delete();
        }
    }

    private static void get(ShardExchange exchange, ShardStore store, List<Integer> all)
            throws GridException, InterruptedException, IOException {
        exchange.fetch(store, all, LIMIT);
        store.sync();
    }
}
