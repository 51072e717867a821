package io.infergrid.wallet.chain;

import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.chain.ChainException.Kind;
import io.infergrid.wallet.chain.NonceJournal.Attempt;
import io.infergrid.wallet.chain.NonceJournal.Entry;
import io.infergrid.wallet.chain.NonceJournal.State;
import io.infergrid.wallet.chain.TransactionNode.Broadcast;
import io.infergrid.wallet.keys.Signer;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The only place where a key's transactions are made, one after the other.
 *
 * <p>An intention has an id. Its signed bytes are in the journal before any endpoint sees them, so after a crash at any
 * instruction {@link #reconcile()} hands out the very same bytes again, which the chain takes once. While it is unknown whether an
 * endpoint has a transaction, no later nonce is given away, so a refusal can give its nonce back and there is never a gap. A
 * transaction that waits too long is signed anew with the same nonce and fees a tenth higher. An entry stays open until its block
 * is as deep as the network's confirmations; if the block vanishes, its bytes are handed out again.
 *
 * <p>Safe for any thread; every method blocks on journal and network.
 */
public final class TransactionQueue {

    private final Network network;
    private final TransactionNode node;
    private final NonceJournal journal;
    private final Signer signer;
    private final Clock clock;

    public TransactionQueue(Network network, TransactionNode node, NonceJournal journal, Signer signer, Clock clock) {
        this.network = network;
        this.node = node;
        this.journal = journal;
        this.signer = signer;
        this.clock = clock;
    }

    /**
     * Signs and sends what a preview showed, once per id: asked again with the same id, it returns what became of it.
     *
     * @param id at most 200 characters; e.g. {@code redeem:<channel>:<cumulative>}
     * @return the entry: sent, signed (nobody answered; {@link #reconcile()} goes on), or refused with the node's reason as note
     * @throws ChainException if the preview is not feasible, or an earlier transaction's fate is not known yet
     */
    public synchronized Entry submit(String id, Preview preview) {
        if (id.isBlank() || id.length() > 200) {
            throw new IllegalArgumentException("expected an id of 1 to 200 characters");
        }
        Optional<Entry> before = journal.find(id);
        if (before.isPresent() && before.get().state() != State.REFUSED) {
            return before.get();
        }
        requireFeasible(preview);
        reconcile();
        requireNothingUnknown();
        Entry entry = signed(id, preview, nextNonce());
        journal.put(entry);
        return handOver(entry);
    }

    private void requireFeasible(Preview preview) {
        if (!preview.from().equals(signer.address())) {
            throw new IllegalArgumentException(
                    "expected a preview of " + signer.address() + ", found one of " + preview.from());
        }
        if (preview.refusal().isPresent()) {
            throw new ChainException(
                    Kind.REFUSED,
                    "the chain would refuse this: " + preview.refusal().get());
        }
        if (preview.balanceAfter().isEmpty()) {
            throw new ChainException(
                    Kind.REFUSED,
                    "expected a balance of " + preview.most() + " " + network.currency() + " for amount and fee, found "
                            + preview.balance());
        }
    }

    private void requireNothingUnknown() {
        for (Entry entry : journal.open(network.chainId(), signer.address())) {
            if (entry.state() == State.SIGNED) {
                throw new ChainException(
                        Kind.UNREACHABLE,
                        "an earlier transaction (" + entry.action()
                                + ") has not reached the chain for sure yet: try again when" + " an endpoint answers");
            }
        }
    }

    private long nextNonce() {
        long next = Math.max(node.minedNonce(signer.address()), node.pendingNonce(signer.address()));
        for (Entry entry : journal.open(network.chainId(), signer.address())) {
            next = Math.max(next, entry.nonce() + 1);
        }
        return next;
    }

    private Entry signed(String id, Preview preview, long nonce) {
        Attempt attempt = attempt(nonce, preview.call(), preview.gas(), preview.fees());
        return new Entry(
                id,
                network.chainId(),
                signer.address(),
                nonce,
                preview.action().name(),
                preview.call(),
                preview.gas(),
                List.of(attempt),
                State.SIGNED,
                null,
                "");
    }

    private Attempt attempt(long nonce, Call call, BigInteger gas, Fees fees) {
        if (fees.most().compareTo(network.maxGasPrice().wei()) > 0) {
            throw new ChainException(
                    Kind.TOO_DEAR,
                    "a fee of " + fees.most() + " wei per gas is above the ceiling of " + network.title());
        }
        SignedTransaction transaction = SignedTransaction.sign(network.chainId(), nonce, call, gas, fees, signer);
        return new Attempt(transaction.hash(), transaction.raw(), fees, clock.millis());
    }

    /** Broadcasts the newest attempt of an entry that nobody is known to have, and writes down what became of it. */
    private Entry handOver(Entry entry) {
        Entry after = switch (node.broadcast(bytes(entry.newest().raw()))) {
            case Broadcast.Accepted() -> entry.with(State.SENT, null, "");
            case Broadcast.Unknown(String reason) -> entry.with(entry.state(), null, bounded(reason));
            case Broadcast.Refused(String reason) -> refused(entry, bounded(reason));
        };
        journal.put(after);
        return after;
    }

    private Entry refused(Entry entry, String reason) {
        if (node.minedNonce(signer.address()) > entry.nonce()) {
            return look(entry); // its own nonce is in a block: by one of its attempts, or by somebody else
        }
        boolean neverSent = entry.attempts().size() == 1 && entry.state() == State.SIGNED;
        return neverSent
                ? entry.with(State.REFUSED, null, reason)
                : entry.with(State.SENT, null, reason); // an earlier attempt may still be in a pool
    }

    /**
     * Brings the journal up to the chain, oldest nonce first: finds receipts, hands out again what nobody has, notices what a
     * reorganisation took back and what somebody else displaced. To be called at start and every few seconds while {@link
     * #busy()}. Needs no unlocked key.
     */
    public synchronized void reconcile() {
        for (Entry entry : journal.open(network.chainId(), signer.address())) {
            Entry now = look(entry);
            if (!now.equals(entry)) {
                journal.put(now);
            }
            boolean waiting = now.state() == State.SIGNED || now.state() == State.SENT;
            if (waiting && node.minedNonce(signer.address()) <= now.nonce()) {
                handOver(now);
            }
        }
    }

    private Entry look(Entry entry) {
        // before the receipts: a transaction that is mined between the two questions must not look displaced
        long settled = node.settledNonce(signer.address());
        for (Attempt attempt : entry.attempts()) {
            Optional<Receipt> receipt = node.receipt(attempt.hash());
            if (receipt.isPresent()) {
                boolean deep = node.headNumber() - receipt.get().block() >= network.confirmations();
                return entry.with(deep ? State.SETTLED : State.MINED, receipt.get(), "");
            }
        }
        if (settled > entry.nonce()) {
            return entry.with(State.DISPLACED, null, "another transaction of this account took its place");
        }
        return entry.state() == State.MINED ? entry.with(State.SENT, null, "its block was taken back") : entry;
    }

    /** Whether anything is under way. */
    public synchronized boolean busy() {
        return !journal.open(network.chainId(), signer.address()).isEmpty();
    }

    /** What is under way, oldest first. */
    public synchronized List<Entry> open() {
        return journal.open(network.chainId(), signer.address());
    }

    /** What became of an intention as the journal knows it; call {@link #reconcile()} before for the newest. */
    public Optional<Entry> find(String id) {
        return journal.find(id);
    }

    /**
     * Signs the oldest waiting transaction anew with higher fees if it waits longer than {@code age}. Needs the key.
     *
     * @return the replacement, or nothing if nothing is stuck
     * @throws ChainException if the fees would pass the network's ceiling
     */
    public synchronized Optional<Entry> replaceStuck(Duration age) {
        reconcile();
        return journal.open(network.chainId(), signer.address()).stream()
                .filter(entry -> entry.state() == State.SENT || entry.state() == State.SIGNED)
                .filter(entry -> clock.millis() - entry.newest().atMillis() >= age.toMillis())
                .findFirst()
                .map(entry -> replace(entry, entry.call(), entry.gas(), "replaced with a higher fee"));
    }

    /**
     * Takes a waiting transaction back by an empty one to oneself with its nonce. It may still be the first that is mined; the
     * entry's receipt then has another hash than the newest attempt.
     */
    public synchronized Entry cancel(String id) {
        reconcile();
        Entry entry = journal.find(id).orElseThrow(() -> new IllegalArgumentException("no transaction '" + id + "'"));
        if (entry.state() != State.SENT && entry.state() != State.SIGNED) {
            throw new IllegalStateException("the transaction cannot be taken back any more: it is "
                    + entry.state().name().toLowerCase(java.util.Locale.ROOT));
        }
        Call nothing = Call.transfer(signer.address(), io.infergrid.wallet.Amount.ZERO);
        return replace(entry, nothing, BigInteger.valueOf(21_000), "taken back");
    }

    private Entry replace(Entry entry, Call call, BigInteger gas, String note) {
        Fees fees = entry.newest().fees().replacement(node.fees());
        Entry replaced = entry.with(attempt(entry.nonce(), call, gas, fees), call, gas, note);
        journal.put(replaced);
        return handOver(replaced);
    }

    /** Whether a mined entry did what it was meant to: not reverted, and not the empty transaction that took it back. */
    public static boolean succeeded(Entry entry) {
        Receipt receipt = entry.receipt();
        if (receipt == null || !receipt.succeeded()) {
            return false;
        }
        Bytes32 mined = receipt.transaction();
        boolean cancelled =
                entry.call().data().equals("0x") && entry.call().to().equals(entry.from());
        return !cancelled || !mined.equals(entry.newest().hash());
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex, 2, hex.length());
    }

    private static String bounded(String text) {
        String clean = text.replaceAll("\\p{Cntrl}", " ");
        return clean.length() > 300 ? clean.substring(0, 300) : clean;
    }
}
