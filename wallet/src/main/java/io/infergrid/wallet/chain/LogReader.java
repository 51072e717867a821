package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.chain.ChainException.Kind;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.web3j.protocol.core.DefaultBlockParameter;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.methods.response.EthBlock;
import org.web3j.protocol.core.methods.response.EthGetTransactionReceipt;
import org.web3j.protocol.core.methods.response.EthLog;
import org.web3j.protocol.core.methods.response.Log;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/**
 * Logs of a range of blocks from all usable endpoints. If their answers differ, each log in question is looked up in the block and
 * receipt of the endpoint that does not show it: who has it in its own receipt but not among its logs, or shows one that is in no
 * block, is left out.
 */
final class LogReader {

    private static final Comparator<ChainEvent> ORDER =
            Comparator.comparingLong(ChainEvent::block).thenComparingLong(ChainEvent::logIndex);
    private static final int MAX_LOGS = 20_000;

    private final Endpoints endpoints;

    LogReader(Endpoints endpoints) {
        this.endpoints = endpoints;
    }

    /** Newest block that every usable endpoint has. */
    long commonHead() {
        long head = Long.MAX_VALUE;
        for (Endpoints.Peer peer : endpoints.usable()) {
            try {
                var answer =
                        new Request<>("eth_blockNumber", List.of(), peer.endpoint, ChainClient.Quantity.class).send();
                head = Math.min(head, ChainClient.quantity(answer.getResult()).longValueExact());
            } catch (IOException | RuntimeException failed) {
                endpoints.accuse(peer, "it tells no block number");
            }
        }
        if (head == Long.MAX_VALUE) {
            throw new ChainException(Kind.UNREACHABLE, "no endpoint tells its newest block");
        }
        return head;
    }

    /**
     * @return by rising block and log index
     * @throws ChainException if nobody answers or the endpoints cannot be brought to agree
     */
    List<ChainEvent> read(EventFilter filter, long from, long to) {
        Map<Endpoints.Peer, Map<ChainEvent.Key, ChainEvent>> answers = answers(filter, from, to);
        while (answers.size() > 1) {
            Optional<Endpoints.Peer> liar = liar(answers);
            if (liar.isEmpty()) {
                break;
            }
            answers.remove(liar.get());
        }
        return answers.values().iterator().next().values().stream()
                .sorted(ORDER)
                .toList();
    }

    private Map<Endpoints.Peer, Map<ChainEvent.Key, ChainEvent>> answers(EventFilter filter, long from, long to) {
        var answers = new java.util.LinkedHashMap<Endpoints.Peer, Map<ChainEvent.Key, ChainEvent>>();
        String last = "no endpoint can be used";
        for (Endpoints.Peer peer : endpoints.usable()) {
            try {
                answers.put(peer, ask(peer, filter, from, to));
            } catch (IOException failed) {
                last = String.valueOf(failed.getMessage());
            } catch (RuntimeException malformed) {
                last = "malformed logs";
                endpoints.accuse(peer, "its logs are malformed or not those that were asked for");
            }
        }
        if (answers.isEmpty()) {
            throw new ChainException(Kind.UNREACHABLE, "no endpoint shows the events: " + last);
        }
        return answers;
    }

    private static Map<ChainEvent.Key, ChainEvent> ask(Endpoints.Peer peer, EventFilter filter, long from, long to)
            throws IOException {
        EthLog answer =
                new Request<>("eth_getLogs", List.of(filter.query(from, to)), peer.endpoint, EthLog.class).send();
        if (answer.hasError()) {
            throw new IOException(answer.getError().getMessage());
        }
        if (answer.getLogs().size() > MAX_LOGS) {
            throw new IOException("more than " + MAX_LOGS + " events in " + (to - from + 1) + " blocks");
        }
        var events = new TreeMap<ChainEvent.Key, ChainEvent>(
                Comparator.comparing(ChainEvent.Key::blockHash).thenComparingLong(ChainEvent.Key::logIndex));
        for (EthLog.LogResult<?> result : answer.getLogs()) {
            Log log = (Log) result.get();
            if (log.isRemoved()) {
                continue;
            }
            ChainEvent event = toEvent(log);
            if (!filter.accepts(event) || event.block() < from || event.block() > to) {
                throw new IllegalArgumentException("a log that was not asked for");
            }
            events.put(event.key(), event);
        }
        return events;
    }

    static ChainEvent toEvent(Log log) {
        return new ChainEvent(
                Bytes32.parse(log.getBlockHash()),
                log.getBlockNumber().longValueExact(),
                log.getLogIndex().longValueExact(),
                Bytes32.parse(log.getTransactionHash()),
                Address.ofUncheckedHex(log.getAddress()),
                log.getTopics().stream().map(Bytes32::parse).toList(),
                log.getData());
    }

    /** Nobody if all agree; throws if they differ and the liar cannot be told. */
    private Optional<Endpoints.Peer> liar(Map<Endpoints.Peer, Map<ChainEvent.Key, ChainEvent>> answers) {
        for (var has : answers.entrySet()) {
            for (var lacks : answers.entrySet()) {
                for (ChainEvent event : missing(has.getValue(), lacks.getValue())) {
                    return Optional.of(judge(event, has.getKey(), lacks.getKey()));
                }
            }
        }
        return Optional.empty();
    }

    private static Set<ChainEvent> missing(Map<ChainEvent.Key, ChainEvent> has, Map<ChainEvent.Key, ChainEvent> lacks) {
        var missing = new HashSet<>(has.values());
        missing.removeAll(new HashSet<>(lacks.values()));
        return missing;
    }

    private Endpoints.Peer judge(ChainEvent event, Endpoints.Peer has, Endpoints.Peer lacks) {
        try {
            EthBlock.Block block = new Request<>(
                            "eth_getBlockByNumber",
                            List.of(
                                    DefaultBlockParameter.valueOf(BigInteger.valueOf(event.block()))
                                            .getValue(),
                                    false),
                            lacks.endpoint,
                            EthBlock.class)
                    .send()
                    .getBlock();
            if (block == null || !Bytes32.parse(block.getHash()).equals(event.blockHash())) {
                throw new ChainException(
                        Kind.DISAGREEMENT,
                        "the endpoints do not agree on block " + event.block() + " yet: it is read again");
            }
            boolean inBlock = block.getTransactions().stream()
                    .anyMatch(transaction ->
                            event.transaction().equals(Bytes32.parse(String.valueOf(transaction.get()))));
            if (!inBlock) {
                endpoints.accuse(has, "it shows an event of block " + event.block() + " that is not in the block");
                return has;
            }
            if (receiptShows(event, lacks)) {
                endpoints.accuse(lacks, "it hides an event of block " + event.block() + " that its own receipt shows");
                return lacks;
            }
            if (!receiptShows(event, has)) {
                endpoints.accuse(has, "it shows an event of block " + event.block() + " that its own receipt lacks");
                return has;
            }
        } catch (IOException failed) {
            throw new ChainException(Kind.UNREACHABLE, "an endpoint does not answer: " + failed.getMessage(), failed);
        }
        throw new ChainException(
                Kind.DISAGREEMENT,
                "the endpoints show different events of block " + event.block()
                        + ": nothing is booked until they agree; name an endpoint that you trust in the settings");
    }

    private static boolean receiptShows(ChainEvent event, Endpoints.Peer peer) throws IOException {
        Optional<TransactionReceipt> receipt = new Request<>(
                        "eth_getTransactionReceipt",
                        List.of(event.transaction().toString()),
                        peer.endpoint,
                        EthGetTransactionReceipt.class)
                .send()
                .getTransactionReceipt();
        return receipt.isPresent()
                && receipt.get().getLogs().stream().map(LogReader::toEvent).anyMatch(event::equals);
    }
}
