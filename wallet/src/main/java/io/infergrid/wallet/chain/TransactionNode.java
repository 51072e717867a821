package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Bytes32;
import java.util.Optional;

/** The part of a chain that the transaction queue needs. */
public interface TransactionNode {

    /** How many transactions of this account are in blocks: the next nonce that a block can take. */
    long minedNonce(Address account);

    /** The same as of the block that is as deep as the network's confirmations: what no reorganisation is expected to undo. */
    long settledNonce(Address account);

    /** Number of the newest block. */
    long headNumber();

    /** The same with what waits in the pool. */
    long pendingNonce(Address account);

    /** Hands a signed transaction to every endpoint. Never throws for what an endpoint says. */
    Broadcast broadcast(byte[] raw);

    Optional<Receipt> receipt(Bytes32 transaction);

    /** What a unit of gas costs now. */
    Fees fees();

    /** What became of handing a transaction over. */
    sealed interface Broadcast {

        /** At least one endpoint has it, now or since before. */
        record Accepted() implements Broadcast {}

        /** Every endpoint looked at it and refused it. */
        record Refused(String reason) implements Broadcast {}

        /** Some endpoint did not answer, so nobody knows. */
        record Unknown(String reason) implements Broadcast {}
    }
}
