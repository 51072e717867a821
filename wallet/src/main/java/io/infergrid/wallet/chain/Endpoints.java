package io.infergrid.wallet.chain;

import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.chain.ChainException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.http.HttpClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.protocol.Service;
import org.web3j.protocol.core.DefaultBlockParameter;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;
import org.web3j.protocol.core.methods.response.EthBlock;
import org.web3j.protocol.core.methods.response.EthChainId;

/**
 * The endpoints of a network as one. Every check asks each for its chain id and newest block, compares them at a common height
 * and leaves out who serves another chain, stands still or lags; if two tell different histories and no majority decides,
 * nothing is read any more until they agree. A question goes to the first that is left, and to the next if it does not answer.
 */
final class Endpoints extends Service {

    private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);
    private static final Duration FUTURE = Duration.ofMinutes(2);

    private final Network network;
    private final Clock clock;
    private final int maxLag;
    private final HttpClient http;
    private final List<Peer> peers;
    private Instant checkedAt = Instant.MIN;
    private @Nullable ChainException state = new ChainException(Kind.UNREACHABLE, "no endpoint was asked yet");

    Endpoints(Network network, Clock clock) {
        super(false);
        this.network = network;
        // one endpoint may lag behind the other by less than what counts as settled
        this.maxLag = Math.clamp(network.confirmations() / 2, 2, 32);
        this.clock = clock;
        this.http = JsonRpcEndpoint.httpClient();
        this.peers = network.endpoints().stream()
                .map(uri -> new Peer(new JsonRpcEndpoint(uri, http)))
                .toList();
    }

    /** An endpoint and what it told last. */
    static final class Peer {
        final JsonRpcEndpoint endpoint;
        volatile long head = -1;
        volatile @Nullable String refusal;
        volatile boolean wrongChain;
        volatile long failures;
        volatile long lies;
        private EthBlock.@Nullable Block block;

        private Peer(JsonRpcEndpoint endpoint) {
            this.endpoint = endpoint;
        }

        boolean usable() {
            return refusal == null;
        }

        private void fail(IOException failed) {
            failures++;
            refusal = "no answer: " + failed.getMessage();
        }

        private void lie(String what) {
            lies++;
            refusal = what;
            LOG.warn("Endpoint {} is left out: {}", endpoint.uri().getHost(), what);
        }

        private void forget() {
            block = null;
            if (!wrongChain) {
                refusal = null;
            }
        }
    }

    List<EndpointStatus> status() {
        return peers.stream()
                .map(peer -> new EndpointStatus(
                        peer.endpoint.uri(), peer.head, Optional.ofNullable(peer.refusal), peer.failures, peer.lies))
                .toList();
    }

    List<Peer> usable() {
        return peers.stream().filter(Peer::usable).toList();
    }

    /** Marks an endpoint whose answer was proved wrong; it is looked at again at the next check. */
    synchronized void accuse(Peer peer, String what) {
        peer.lie(what);
    }

    /** Checks anew if the last check is older than {@code age}, and throws if the chain cannot be believed. */
    synchronized void requireCheckedWithin(Duration age) {
        if (checkedAt.equals(Instant.MIN) || clock.instant().isAfter(checkedAt.plus(age))) {
            check();
        }
        if (state != null) {
            throw new ChainException(state.kind(), String.valueOf(state.getMessage()));
        }
    }

    /** Asks every endpoint and decides which are believed. */
    synchronized void check() {
        peers.forEach(Peer::forget);
        peers.stream().filter(Peer::usable).forEach(this::ask);
        state = null;
        try {
            leaveOutOldAndLagging();
            requireOneHistory();
        } catch (ChainException found) {
            state = found;
        }
        if (usable().isEmpty() && state == null) {
            state = nobodyLeft();
        }
        checkedAt = clock.instant();
    }

    private void ask(Peer peer) {
        try {
            long chainId = new Request<>("eth_chainId", List.of(), peer.endpoint, EthChainId.class)
                    .send()
                    .getChainId()
                    .longValueExact();
            if (chainId != network.chainId()) {
                peer.wrongChain = true;
                peer.lie("it serves chain " + chainId + ", expected " + network.chainId());
                return;
            }
            peer.block = block(peer, DefaultBlockParameterName.LATEST);
            peer.head = peer.block.getNumber().longValueExact();
        } catch (IOException failed) {
            peer.fail(failed);
        } catch (RuntimeException malformed) {
            peer.lie("its answer is malformed");
        }
    }

    private static EthBlock.Block block(Peer peer, DefaultBlockParameter which) throws IOException {
        EthBlock answer = new Request<>(
                        "eth_getBlockByNumber", List.of(which.getValue(), false), peer.endpoint, EthBlock.class)
                .send();
        if (answer.hasError() || answer.getBlock() == null) {
            throw new IOException("no block " + which.getValue());
        }
        return answer.getBlock();
    }

    private void leaveOutOldAndLagging() {
        Instant now = clock.instant();
        for (Peer peer : usable()) {
            Instant time = Instant.ofEpochSecond(
                    peer.block == null ? 0 : peer.block.getTimestamp().longValueExact());
            if (!network.staleAfter().isZero()) {
                if (time.isBefore(now.minus(network.staleAfter()))) {
                    peer.lie("its newest block is from " + time + ", too old");
                } else if (time.isAfter(now.plus(FUTURE))) {
                    peer.lie("its newest block is from the future, " + time);
                }
            }
        }
        long best = usable().stream().mapToLong(peer -> peer.head).max().orElse(-1);
        for (Peer peer : usable()) {
            if (peer.head < best - maxLag && extendsHistoryOf(peer, best)) {
                peer.lie("it stands at block " + peer.head + ", others at " + best);
            }
        }
    }

    /** Whether whoever claims the best head has this peer's newest block in its history, so that the peer merely lags. */
    private boolean extendsHistoryOf(Peer lagging, long best) {
        for (Peer peer : usable()) {
            if (peer.head == best) {
                return hash(peer, lagging.head).equals(hash(lagging, lagging.head));
            }
        }
        return false;
    }

    private void requireOneHistory() {
        List<Peer> left = usable();
        if (left.size() < 2) {
            return;
        }
        long height =
                Math.max(0, left.stream().mapToLong(peer -> peer.head).min().orElse(0) - network.confirmations());
        var hashes = new ArrayList<Optional<Bytes32>>();
        left.forEach(peer -> hashes.add(hash(peer, height)));
        Optional<Bytes32> most = hashes.stream()
                .filter(Optional::isPresent)
                .max((a, b) -> Long.compare(count(hashes, a), count(hashes, b)))
                .orElse(Optional.empty());
        boolean decided = 2 * count(hashes, most) > left.size();
        for (int i = 0; i < left.size(); i++) {
            if (decided && !hashes.get(i).equals(most)) {
                left.get(i).lie("its block " + height + " is not the others'");
            } else if (!decided) {
                left.get(i).lies++;
            }
        }
        if (!decided) {
            throw new ChainException(
                    Kind.DISAGREEMENT,
                    "the endpoints "
                            + left.stream()
                                    .map(peer -> peer.endpoint.uri().getHost())
                                    .toList()
                            + " tell different histories at block " + height
                            + ": nothing is signed until they agree; name an endpoint that you trust in the settings");
        }
    }

    private static long count(List<Optional<Bytes32>> hashes, Optional<Bytes32> wanted) {
        Predicate<Optional<Bytes32>> same = hash -> hash.isPresent() && hash.equals(wanted);
        return hashes.stream().filter(same).count();
    }

    private static Optional<Bytes32> hash(Peer peer, long height) {
        try {
            var which = DefaultBlockParameter.valueOf(BigInteger.valueOf(height));
            return Optional.of(Bytes32.parse(block(peer, which).getHash()));
        } catch (IOException | RuntimeException failed) {
            return Optional.empty();
        }
    }

    private ChainException nobodyLeft() {
        boolean wrongChain = peers.stream().allMatch(peer -> peer.wrongChain);
        boolean silent = peers.stream().allMatch(peer -> peer.head < 0);
        String reasons = String.join(
                "; ",
                peers.stream()
                        .map(peer -> peer.endpoint.uri().getHost() + ": " + peer.refusal)
                        .toList());
        Kind kind = wrongChain ? Kind.WRONG_CHAIN : silent ? Kind.UNREACHABLE : Kind.STALE;
        return new ChainException(
                kind,
                "no endpoint of " + network.title() + " can be used (" + reasons + "): check the connection, or name"
                        + " another endpoint in the settings");
    }

    @Override
    @SuppressWarnings("rawtypes") // as web3j declares it
    public <T extends Response> T send(Request request, Class<T> type) throws IOException {
        @Nullable IOException last = null;
        for (Peer peer : usable()) {
            try {
                return peer.endpoint.send(request, type);
            } catch (IOException failed) {
                last = failed;
                synchronized (this) {
                    peer.fail(failed);
                }
            } catch (RuntimeException malformed) {
                last = new IOException("malformed answer", malformed);
                accuse(peer, "its answer is malformed");
            }
        }
        throw last == null ? new IOException(String.valueOf(nobodyLeft().getMessage())) : last;
    }

    @Override
    protected InputStream performIO(String payload) throws IOException {
        throw new IOException("batches are not used");
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
