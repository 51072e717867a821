package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.keys.Mnemonic;
import io.infergrid.wallet.keys.SigningKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;

/**
 * An anvil of one's own on this machine, for the tests and for the program's first minutes: real contracts and real
 * transactions with coins that are worth nothing. Ends with {@link #close()} or with the JVM.
 */
public final class LocalChain implements AutoCloseable {

    /** Chain id of every local chain; no signature of it is good elsewhere. */
    public static final long CHAIN_ID = 31337;

    private static final String WORDS = "test test test test test test test test test test test junk";
    private static final int MAX_LINES = 400;
    private static final Duration POOL_LIMIT = Duration.ofSeconds(30);
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final Process process;
    private final Thread hook;
    private final URI endpoint;
    private final HttpClient http;
    private final JsonRpcEndpoint rpc;

    /**
     * How a local chain runs.
     *
     * @param hardfork {@code berlin} like BTTC, or {@code prague} like Ethereum
     * @param blockTime zero: a block for every transaction
     * @param state file that keeps the chain between runs; empty: it is forgotten
     */
    public record Options(String hardfork, Duration blockTime, Optional<Path> state) {

        /** Like BTTC in its opcodes and without base fee, a block per transaction, forgotten at the end. */
        public static Options berlin() {
            return new Options("berlin", Duration.ZERO, Optional.empty());
        }

        /** Like Ethereum of today, with EIP-1559. */
        public static Options prague() {
            return new Options("prague", Duration.ZERO, Optional.empty());
        }

        public Options keptIn(Path file) {
            return new Options(hardfork, blockTime, Optional.of(file));
        }
    }

    private LocalChain(Process process, URI endpoint) {
        this.process = process;
        this.endpoint = endpoint;
        this.http = JsonRpcEndpoint.httpClient();
        this.rpc = new JsonRpcEndpoint(endpoint, http);
        this.hook = Thread.ofPlatform().unstarted(process::destroy);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Starts anvil on a free port of the loopback interface.
     *
     * @throws IOException if it does not come up within a minute; the message has its last words
     */
    public static LocalChain start(Path anvil, Options options) throws IOException {
        var command = new ArrayList<String>(List.of(
                anvil.toString(),
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--chain-id",
                Long.toString(CHAIN_ID),
                "--hardfork",
                options.hardfork(),
                "--mnemonic",
                WORDS,
                "--accounts",
                "12",
                "--balance",
                "1000000000"));
        if (options.blockTime().isPositive()) {
            command.addAll(List.of(
                    "--block-time",
                    Long.toString(Math.max(1, options.blockTime().toSeconds()))));
        }
        options.state().ifPresent(file -> command.addAll(List.of("--state", file.toString())));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            return new LocalChain(process, awaitPort(process));
        } catch (IOException | RuntimeException failed) {
            process.destroyForcibly();
            throw failed;
        }
    }

    private static URI awaitPort(Process process) throws IOException {
        var found = new CompletableFuture<URI>();
        Thread.ofVirtual().name("anvil-output").start(() -> readOutput(process, found));
        try {
            return found.get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failed) {
            throw new IOException(failed.getMessage(), failed);
        } catch (TimeoutException late) {
            throw new IOException("anvil did not listen within " + START_LIMIT.toSeconds() + " s", late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while anvil started", interrupted);
        }
    }

    /** Reads for as long as anvil writes, or it would stop when the pipe is full. What it says is not kept: it prints keys. */
    private static void readOutput(Process process, CompletableFuture<URI> found) {
        String last = "";
        int lines = 0;
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.startsWith("Listening on ")) {
                    found.complete(URI.create(
                            "http://" + line.substring("Listening on ".length()).strip()));
                }
                if (lines++ < MAX_LINES
                        && line.toLowerCase(java.util.Locale.ROOT).contains("error")) {
                    last = line;
                }
            }
            found.completeExceptionally(new IOException("anvil ended before it listened " + last));
        } catch (IOException ended) {
            found.completeExceptionally(ended);
        }
    }

    public URI endpoint() {
        return endpoint;
    }

    /** This chain as a network, with the contracts that were deployed on it. */
    public Network network(Map<String, Network.Deployed> contracts) {
        return new Network(
                "local",
                "Local chain",
                CHAIN_ID,
                "BTT",
                List.of(endpoint),
                Duration.ofSeconds(1),
                Duration.ZERO,
                0,
                1000,
                Amount.parse("0.001"),
                Amount.parse("1000000"),
                false,
                0,
                contracts,
                Optional.empty());
    }

    /** One of anvil's own rich accounts, whose key everybody knows; index 0 to 11. The caller closes it. */
    public static SigningKey richAccount(int index) {
        if (index < 0 || index > 11) {
            throw new IllegalArgumentException("expected an account from 0 to 11, found " + index);
        }
        try (Mnemonic words = Mnemonic.parse(WORDS.toCharArray())) {
            return words.deriveIndex(index);
        }
    }

    /** Sets an account's balance. */
    public void fund(Address account, Amount balance) throws IOException {
        command("anvil_setBalance", account.text(), "0x" + balance.wei().toString(16));
    }

    /** Mines empty blocks. */
    public void mine(int blocks) throws IOException {
        command("anvil_mine", "0x" + Integer.toHexString(blocks));
    }

    /** Lets the chain's clock jump and mines a block there. */
    public void passTime(Duration time) throws IOException {
        command("evm_increaseTime", time.toSeconds());
        mine(1);
    }

    /** Whether transactions are mined as they come. */
    public void automine(boolean on) throws IOException {
        command("evm_setAutomine", on);
    }

    /** Replaces the last blocks by empty ones: a reorganisation in which every transaction of theirs is lost. */
    public void reorganise(int depth) throws IOException {
        command("anvil_reorg", depth, List.of());
    }

    /** A mark to go back to with {@link #revert}. */
    public String snapshot() throws IOException {
        return command("evm_snapshot");
    }

    public void revert(String snapshot) throws IOException {
        command("evm_revert", snapshot);
    }

    /** The code's hash of a deployed contract, for pinning. */
    public Bytes32 codeHash(Address contract) throws IOException {
        String code = command("eth_getCode", contract.text(), "latest");
        return Bytes32.keccak(java.util.HexFormat.of().parseHex(code, 2, code.length()));
    }

    /** Deploys code from an account whose key anvil holds. */
    Address deploy(Address from, String code) throws IOException {
        Map<?, ?> receipt = mined(command(
                "eth_sendTransaction", Map.of("from", from.text(), "data", code, "gasPrice", command("eth_gasPrice"))));
        return Address.ofUncheckedHex(String.valueOf(receipt.get("contractAddress")));
    }

    /** Sends a call from an account whose key anvil holds. */
    void sendUnlocked(Address from, Call call) throws IOException {
        mined(command(
                "eth_sendTransaction",
                Map.of(
                        "from", from.text(),
                        "to", call.to().text(),
                        "value", "0x" + call.value().wei().toString(16),
                        "data", call.data(),
                        "gasPrice", command("eth_gasPrice"))));
    }

    /** Returns when every transaction that was sent is in a block; anvil mines a moment after it answers. */
    public void awaitMined() throws IOException {
        long end = System.nanoTime() + POOL_LIMIT.toNanos();
        while (!(answer("txpool_status") instanceof Map<?, ?> status) || !"0x0".equals(status.get("pending"))) {
            if (System.nanoTime() - end > 0) {
                throw new IOException("the local chain mines nothing");
            }
            LockSupport.parkNanos(2_000_000);
        }
    }

    private Map<?, ?> mined(String hash) throws IOException {
        awaitMined();
        if (!(answer("eth_getTransactionReceipt", hash) instanceof Map<?, ?> receipt)
                || !"0x1".equals(receipt.get("status"))) {
            throw new IOException("the local chain refused transaction " + hash);
        }
        return receipt;
    }

    BigInteger blockNumber() throws IOException {
        return ChainClient.quantity(command("eth_blockNumber"));
    }

    /** Any command of anvil; the answer as text. */
    String command(String method, Object... parameters) throws IOException {
        return String.valueOf(answer(method, parameters));
    }

    private @Nullable Object answer(String method, Object... parameters) throws IOException {
        Answer answer = new Request<>(method, List.of(parameters), rpc, Answer.class).send();
        if (answer.hasError()) {
            throw new IOException(method + " failed: " + answer.getError().getMessage());
        }
        return answer.getResult();
    }

    /** Any answer at all. */
    static final class Answer extends Response<Object> {}

    /** Asks anvil to end, so that it can write its state, and makes it if it does not. */
    @Override
    public void close() {
        http.shutdownNow();
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyGoingDown) {
            // the JVM ends and the hook runs
        }
    }
}
