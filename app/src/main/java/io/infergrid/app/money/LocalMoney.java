package io.infergrid.app.money;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.infergrid.app.paths.Home;
import io.infergrid.app.paths.OwnerOnlyFile;
import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.chain.AnvilProgram;
import io.infergrid.wallet.chain.LocalChain;
import io.infergrid.wallet.chain.LocalDeployment;
import io.infergrid.wallet.chain.Network;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * This home's own chain with the real contracts, on coins that are worth nothing: what a newcomer tries staking and payment on.
 * It is kept in the home over restarts. One process has it at a time; who comes second waits for a while and then says so.
 */
public final class LocalMoney implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int WAIT_SECONDS = 30;

    private final FileChannel lockFile;
    private final FileLock lock;
    private final Path ahead;
    private final LocalChain chain;
    private final Network network;

    private LocalMoney(FileChannel lockFile, FileLock lock, Path ahead, LocalChain chain, Network network) {
        this.lockFile = lockFile;
        this.lock = lock;
        this.ahead = ahead;
        this.chain = chain;
        this.network = network;
    }

    /** Why there can be no local chain here; empty if there can. */
    public static Optional<String> missing() {
        return AnvilProgram.find().isPresent() ? Optional.empty() : Optional.of(AnvilProgram.MISSING);
    }

    /**
     * Starts the chain, and deploys the contracts the first time.
     *
     * @throws IOException if anvil is missing, does not start, or another process has this home's chain
     */
    public static LocalMoney open(Home home) throws IOException, InterruptedException {
        Path anvil = AnvilProgram.find().orElseThrow(() -> new IOException(AnvilProgram.MISSING));
        Path folder = home.data().resolve("local-chain");
        Home.ownerOnly(folder);
        FileChannel lockFile =
                FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        LocalChain chain = null;
        try {
            FileLock lock = lock(lockFile);
            chain = LocalChain.start(anvil, LocalChain.Options.berlin().keptIn(folder.resolve("state.json")));
            Path ahead = folder.resolve("ahead-seconds");
            Duration jumped = jumped(ahead);
            if (jumped.isPositive()) {
                // its clock starts with this computer's each time
                chain.passTime(jumped);
            }
            return new LocalMoney(lockFile, lock, ahead, chain, network(chain, folder.resolve("contracts.json")));
        } catch (IOException | InterruptedException | RuntimeException e) {
            if (chain != null) {
                chain.close();
            }
            lockFile.close();
            throw e;
        }
    }

    private static FileLock lock(FileChannel file) throws IOException, InterruptedException {
        for (int i = 0; i < WAIT_SECONDS * 10; i++) {
            FileLock lock = file.tryLock();
            if (lock != null) {
                return lock;
            }
            Thread.sleep(Duration.ofMillis(100));
        }
        throw new IOException(
                "expected this home's local chain to be free, found another InferGrid that has it: close that one,"
                        + " or use its window");
    }

    private static Network network(LocalChain chain, Path contracts) throws IOException {
        if (Files.exists(contracts)) {
            Map<String, Network.Deployed> known = read(contracts);
            Network.Deployed any = known.values().iterator().next();
            // a state that was lost begins anew
            if (chain.codeHash(any.address()).equals(any.codeHash())) {
                return chain.network(known);
            }
        }
        Network network = LocalDeployment.deploy(chain);
        ObjectNode json = JSON.createObjectNode();
        network.contracts()
                .forEach((name, deployed) -> json.putObject(name)
                        .put("address", deployed.address().text())
                        .put("codeHash", deployed.codeHash().toString()));
        OwnerOnlyFile.write(contracts, json.toPrettyString() + "\n");
        return network;
    }

    private static Map<String, Network.Deployed> read(Path file) throws IOException {
        JsonNode json = JSON.readTree(Files.readString(file, StandardCharsets.UTF_8));
        var contracts = new LinkedHashMap<String, Network.Deployed>();
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            contracts.put(
                    entry.getKey(),
                    new Network.Deployed(
                            new Address(entry.getValue().path("address").asText()),
                            Bytes32.parse(entry.getValue().path("codeHash").asText())));
        }
        return contracts;
    }

    public Network network() {
        return network;
    }

    /** Gives an account coins, which cost nothing here. */
    public void give(Address account, Amount balance) throws IOException {
        chain.fund(account, balance);
    }

    /** Lets the chain's clock jump, e.g. over the time of unbonding, so that a trial need not take two weeks. */
    public void passTime(Duration time) throws IOException {
        chain.passTime(time);
        OwnerOnlyFile.write(ahead, jumped(ahead).plus(time).toSeconds() + "\n");
    }

    /** By how much the chain's clock was let jump in all. */
    private static Duration jumped(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Duration.ZERO;
        }
        String text = Files.readString(file, StandardCharsets.UTF_8).strip();
        if (!text.matches("\\d{1,12}")) {
            throw new IOException(
                    "expected seconds in " + file + ", found something else: delete it to set the clock back");
        }
        return Duration.ofSeconds(Long.parseLong(text));
    }

    @Override
    public void close() throws IOException {
        chain.close();
        lock.release();
        lockFile.close();
    }
}
