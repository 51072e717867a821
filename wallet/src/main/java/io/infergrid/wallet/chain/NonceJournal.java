package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Bytes32;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the transaction queue writes what it is about to do. The program keeps it in SQLite. Every method is durable when it
 * returns; whoever loses entries may send twice.
 */
public interface NonceJournal {

    /** Inserts the entry, or replaces the one with its id. */
    void put(Entry entry);

    Optional<Entry> find(String id);

    /** Entries of an account that are {@link State#open()}, by rising nonce. */
    List<Entry> open(long chainId, Address from);

    /** Where a transaction stands. */
    enum State {
        /** Signed and written down; nobody knows whether an endpoint has it. */
        SIGNED(true),
        /** An endpoint has it. */
        SENT(true),
        /** In a block that a reorganisation could still take back. */
        MINED(true),
        /** In a block deep enough; see the receipt for whether it succeeded. */
        SETTLED(false),
        /** Refused by every endpoint and never sent; its nonce was given back. */
        REFUSED(false),
        /** Another transaction took its nonce, so it can never be mined. */
        DISPLACED(false);

        private final boolean open;

        State(boolean open) {
            this.open = open;
        }

        public boolean open() {
            return open;
        }
    }

    /**
     * One signed form of a transaction; a replacement adds another with higher fees.
     *
     * @param raw signed bytes in hex with {@code 0x}
     * @param atMillis when it was signed, Unix time
     */
    record Attempt(Bytes32 hash, String raw, Fees fees, long atMillis) {}

    /**
     * A transaction that somebody meant to happen once.
     *
     * @param id the caller's name for the intention; the same id is never sent twice
     * @param action {@link Action#name()}
     * @param attempts oldest first, never empty
     * @param receipt of the attempt that was mined, if any
     * @param note why it stands where it does, e.g. the node's refusal
     */
    record Entry(
            String id,
            long chainId,
            Address from,
            long nonce,
            String action,
            Call call,
            BigInteger gas,
            List<Attempt> attempts,
            State state,
            @Nullable Receipt receipt,
            String note) {

        public Entry {
            attempts = List.copyOf(attempts);
        }

        Entry with(State newState, @Nullable Receipt newReceipt, String newNote) {
            return new Entry(id, chainId, from, nonce, action, call, gas, attempts, newState, newReceipt, newNote);
        }

        Entry with(Attempt attempt, Call newCall, BigInteger newGas, String newNote) {
            var more = new ArrayList<>(attempts);
            more.add(attempt);
            return new Entry(id, chainId, from, nonce, action, newCall, newGas, more, State.SIGNED, null, newNote);
        }

        public Attempt newest() {
            return attempts.getLast();
        }
    }
}
