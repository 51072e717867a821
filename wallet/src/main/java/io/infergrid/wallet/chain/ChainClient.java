package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.Keccak256;
import io.infergrid.wallet.chain.ChainException.Kind;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.DefaultBlockParameter;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.protocol.core.methods.request.Transaction;
import org.web3j.protocol.core.methods.response.EthBlock;
import org.web3j.protocol.core.methods.response.EthCall;
import org.web3j.protocol.core.methods.response.EthEstimateGas;
import org.web3j.protocol.core.methods.response.EthGetBalance;
import org.web3j.protocol.core.methods.response.EthGetCode;
import org.web3j.protocol.core.methods.response.EthGetTransactionCount;
import org.web3j.protocol.core.methods.response.EthGetTransactionReceipt;
import org.web3j.protocol.core.methods.response.EthSendTransaction;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/**
 * One network, read through endpoints that are checked against each other. Every method blocks on the network (use a virtual
 * thread) and throws {@link ChainException} if the chain cannot be read or believed. Safe for any thread.
 */
public final class ChainClient implements TransactionNode, AutoCloseable {

    private static final Duration CHECK_BEFORE_READING = Duration.ofSeconds(60);
    private static final Duration CHECK_BEFORE_SIGNING = Duration.ofSeconds(10);
    private static final BigInteger MOST_GAS = BigInteger.valueOf(20_000_000);

    private final Network network;
    private final Endpoints endpoints;
    private final RevertReason.Known errors;
    private final ScheduledThreadPoolExecutor unused;
    private final Web3j web3j;

    private ChainClient(Network network, RevertReason.Known errors, Clock clock) {
        this.network = network;
        this.endpoints = new Endpoints(network, clock);
        this.errors = errors;
        // web3j wants one for polling, which is never asked for: no thread ever starts
        this.unused = new ScheduledThreadPoolExecutor(
                0, task -> Thread.ofPlatform().daemon().name("chain-web3j").unstarted(task));
        this.web3j = Web3j.build(endpoints, 1_000, unused);
    }

    /** Connects to nothing yet; the first question checks the endpoints. */
    public static ChainClient of(Network network, RevertReason.Known errors, Clock clock) {
        return new ChainClient(network, errors, clock);
    }

    public Network network() {
        return network;
    }

    /** For generated wrappers: reads through the checked endpoints, never signs. */
    public Web3j web3j() {
        return web3j;
    }

    /** What is known of each endpoint; asks nobody. */
    public List<EndpointStatus> status() {
        return endpoints.status();
    }

    /**
     * Checks chain ids and heads of all endpoints and the code of all contracts; to be called at start and before real money
     * moves.
     */
    public void verify() {
        endpoints.check();
        endpoints.requireCheckedWithin(CHECK_BEFORE_SIGNING);
        for (Map.Entry<String, Network.Deployed> contract : network.contracts().entrySet()) {
            verify(contract.getKey(), contract.getValue());
        }
    }

    /** Every usable endpoint must show the pinned code, so that one liar cannot vouch for a false contract. */
    private void verify(String name, Network.Deployed deployed) {
        for (Endpoints.Peer peer : endpoints.usable()) {
            String code = ask(() -> new Request<>(
                                    "eth_getCode",
                                    List.of(deployed.address().text(), "latest"),
                                    peer.endpoint,
                                    EthGetCode.class)
                            .send())
                    .getCode();
            Bytes32 found = Bytes32.of(Keccak256.hash(bytes(code)));
            if (!found.equals(deployed.codeHash())) {
                throw new ChainException(
                        Kind.WRONG_CODE,
                        "the contract " + name + " at " + deployed.address() + " on " + network.title()
                                + (code.length() <= 2 ? " does not exist" : " has other code than this release expects")
                                + ": nothing is sent there; check the network in the settings or update the program");
            }
        }
    }

    public Head head() {
        return head(DefaultBlockParameterName.LATEST).orElseThrow(() -> bad("no newest block"));
    }

    /** A block of the canonical chain; empty if there is none yet. */
    public Optional<Head> head(long number) {
        return head(DefaultBlockParameter.valueOf(BigInteger.valueOf(number)));
    }

    private Optional<Head> head(DefaultBlockParameter which) {
        EthBlock.Block block = read("eth_getBlockByNumber", List.of(which.getValue(), false), EthBlock.class)
                .getBlock();
        return block == null ? Optional.empty() : Optional.of(decoded(() -> toHead(block)));
    }

    private static Head toHead(EthBlock.Block block) {
        return new Head(
                block.getNumber().longValueExact(),
                Bytes32.parse(block.getHash()),
                Instant.ofEpochSecond(block.getTimestamp().longValueExact()),
                baseFee(block));
    }

    /** EIP-1559 is told by the field being there; web3j fails on its absence only when it is asked for as a number. */
    private static Optional<BigInteger> baseFee(EthBlock.Block block) {
        String raw = block.getBaseFeePerGasRaw();
        return raw == null ? Optional.empty() : Optional.of(quantity(raw));
    }

    public Amount balance(Address account) {
        return decoded(() -> new Amount(read("eth_getBalance", List.of(account.text(), "latest"), EthGetBalance.class)
                .getBalance()));
    }

    @Override
    public long minedNonce(Address account) {
        return nonce(account, "latest");
    }

    @Override
    public long settledNonce(Address account) {
        long settled = Math.max(0, headNumber() - network.confirmations());
        return nonce(account, "0x" + Long.toHexString(settled));
    }

    @Override
    public long headNumber() {
        return quantity(read("eth_blockNumber", List.of(), Quantity.class).getResult())
                .longValueExact();
    }

    @Override
    public long pendingNonce(Address account) {
        return nonce(account, "pending");
    }

    private long nonce(Address account, String block) {
        return decoded(
                () -> read("eth_getTransactionCount", List.of(account.text(), block), EthGetTransactionCount.class)
                        .getTransactionCount()
                        .longValueExact());
    }

    @Override
    public Optional<Receipt> receipt(Bytes32 transaction) {
        Optional<TransactionReceipt> found = read(
                        "eth_getTransactionReceipt", List.of(transaction.toString()), EthGetTransactionReceipt.class)
                .getTransactionReceipt();
        return found.filter(receipt -> receipt.getBlockHash() != null)
                .map(receipt -> decoded(() -> toReceipt(receipt)));
    }

    private static Receipt toReceipt(TransactionReceipt receipt) {
        String price = receipt.getEffectiveGasPrice();
        BigInteger paid = price == null ? BigInteger.ZERO : quantity(price);
        return new Receipt(
                Bytes32.parse(receipt.getTransactionHash()),
                Bytes32.parse(receipt.getBlockHash()),
                receipt.getBlockNumber().longValueExact(),
                receipt.isStatusOK(),
                receipt.getGasUsed().longValueExact(),
                new Amount(receipt.getGasUsed().multiply(paid)));
    }

    /** What gas costs now: legacy or EIP-1559 by what the newest block shows. Never above the network's ceiling. */
    @Override
    public Fees fees() {
        Optional<BigInteger> baseFee = head().baseFee();
        Fees fees = baseFee.isEmpty() ? new Fees.Legacy(price("eth_gasPrice")) : dynamic(baseFee.get());
        if (fees.most().compareTo(network.maxGasPrice().wei()) > 0) {
            throw new ChainException(
                    Kind.TOO_DEAR,
                    "gas on " + network.title() + " costs " + fees.most() + " wei, above the ceiling of "
                            + network.maxGasPrice().wei() + ": wait for a calmer hour");
        }
        return fees;
    }

    /** Twice the base fee outlasts six full blocks in a row; what is not needed is not paid. */
    private Fees dynamic(BigInteger baseFee) {
        BigInteger priority;
        try {
            priority = price("eth_maxPriorityFeePerGas");
        } catch (ChainException notSupported) {
            priority = price("eth_gasPrice").subtract(baseFee).max(BigInteger.ZERO);
        }
        return new Fees.Dynamic(baseFee.shiftLeft(1).add(priority), priority);
    }

    private BigInteger price(String method) {
        return quantity(read(method, List.of(), Quantity.class).getResult());
    }

    /** Any answer that is one number. */
    static final class Quantity extends Response<String> {}

    /** Tries a call on the newest block without sending it. */
    public DryRun dryRun(Address from, Call call) {
        EthCall answer = answer("eth_call", List.of(transaction(from, call), "latest"), EthCall.class);
        if (answer.hasError()) {
            return new DryRun.Reverts(reason(answer.getError()));
        }
        return new DryRun.Passes(answer.getValue());
    }

    /**
     * Asks a view.
     *
     * @throws ChainException if the contract refuses
     */
    public AbiWords view(AbiCall call, Address contract) {
        return switch (dryRun(contract, call.to(contract))) {
            case DryRun.Passes(String output) -> AbiWords.of(output);
            case DryRun.Reverts(RevertReason reason) ->
                throw new ChainException(Kind.REFUSED, "the contract refuses to answer: " + reason);
        };
    }

    /**
     * A fifth above what the node estimates.
     *
     * @throws ChainException with the decoded reason if the call would be refused
     */
    public BigInteger estimateGas(Address from, Call call) {
        EthEstimateGas answer = answer("eth_estimateGas", List.of(transaction(from, call)), EthEstimateGas.class);
        if (answer.hasError()) {
            throw new ChainException(Kind.REFUSED, "the chain refuses this: " + reason(answer.getError()));
        }
        BigInteger gas =
                decoded(answer::getAmountUsed).multiply(BigInteger.valueOf(6)).divide(BigInteger.valueOf(5));
        if (gas.compareTo(MOST_GAS) > 0) {
            throw new ChainException(
                    Kind.BAD_ANSWER, "expected a call of at most " + MOST_GAS + " gas, found an estimate of " + gas);
        }
        return gas;
    }

    /** Everything to be shown before a signature. Checks the endpoints anew if the last check is older than ten seconds. */
    public Preview preview(Action action, Address from, Call call) {
        endpoints.requireCheckedWithin(CHECK_BEFORE_SIGNING);
        Fees fees = fees();
        Amount balance = balance(from);
        if (dryRun(from, call) instanceof DryRun.Reverts(RevertReason why)) {
            return new Preview(action, from, call, BigInteger.ZERO, fees, Amount.ZERO, balance, Optional.of(why));
        }
        BigInteger gas = estimateGas(from, call);
        return new Preview(action, from, call, gas, fees, fees.mostFor(gas), balance, Optional.empty());
    }

    private RevertReason reason(Response.Error error) {
        return RevertReason.decode(error.getData(), error.getMessage(), errors);
    }

    private static Transaction transaction(Address from, Call call) {
        return Transaction.createFunctionCallTransaction(
                from.text(), null, null, null, call.to().text(), call.value().wei(), call.data());
    }

    /** To every endpoint that is believed: more mouths, and a better answer to whether anybody has it. */
    @Override
    public Broadcast broadcast(byte[] raw) {
        String hex = "0x" + HexFormat.of().formatHex(raw);
        boolean accepted = false;
        @Nullable String unknown = null;
        @Nullable String refused = null;
        List<Endpoints.Peer> usable = endpoints.usable();
        for (Endpoints.Peer peer : usable) {
            try {
                EthSendTransaction answer = new Request<>(
                                "eth_sendRawTransaction", List.of(hex), peer.endpoint, EthSendTransaction.class)
                        .send();
                if (!answer.hasError() || alreadyKnown(answer.getError().getMessage())) {
                    accepted = true;
                } else {
                    refused = answer.getError().getMessage();
                }
            } catch (IOException | RuntimeException failed) {
                unknown = String.valueOf(failed.getMessage());
            }
        }
        if (accepted) {
            return new Broadcast.Accepted();
        }
        if (unknown != null
                || usable.isEmpty()
                || usable.size() < network.endpoints().size()) {
            return new Broadcast.Unknown(
                    unknown != null ? unknown : refused != null ? refused : "no endpoint can be used");
        }
        return new Broadcast.Refused(String.valueOf(refused));
    }

    private static boolean alreadyKnown(@Nullable String message) {
        String text = String.valueOf(message).toLowerCase(Locale.ROOT);
        return text.contains("already known")
                || text.contains("already imported")
                || text.contains("known transaction");
    }

    Endpoints endpoints() {
        endpoints.requireCheckedWithin(CHECK_BEFORE_READING);
        return endpoints;
    }

    private <T extends Response<?>> T read(String method, List<?> parameters, Class<T> type) {
        T answer = answer(method, parameters, type);
        if (answer.hasError()) {
            throw new ChainException(
                    Kind.REFUSED, method + " was refused: " + answer.getError().getMessage());
        }
        return answer;
    }

    private <T extends Response<?>> T answer(String method, List<?> parameters, Class<T> type) {
        endpoints.requireCheckedWithin(CHECK_BEFORE_READING);
        return ask(() -> new Request<>(method, parameters, endpoints, type).send());
    }

    private interface Question<T> {
        T ask() throws IOException;
    }

    private static <T> T ask(Question<T> question) {
        try {
            return question.ask();
        } catch (IOException failed) {
            throw new ChainException(Kind.UNREACHABLE, "the chain does not answer: " + failed.getMessage(), failed);
        }
    }

    /** What a node says is decoded only here, so that nonsense ends in one kind of error. */
    static <T> T decoded(Supplier<T> decoding) {
        try {
            return decoding.get();
        } catch (ChainException known) {
            throw known;
        } catch (RuntimeException malformed) {
            throw new ChainException(Kind.BAD_ANSWER, "the chain's answer is malformed", malformed);
        }
    }

    static BigInteger quantity(@Nullable String hex) {
        if (hex == null || !hex.matches("0x[0-9a-fA-F]{1,64}")) {
            throw bad("expected a number in hex");
        }
        return new BigInteger(hex.substring(2), 16);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex, 2, hex.length());
    }

    private static ChainException bad(String message) {
        return new ChainException(Kind.BAD_ANSWER, message);
    }

    @Override
    public void close() {
        endpoints.close();
        unused.shutdownNow();
    }
}
