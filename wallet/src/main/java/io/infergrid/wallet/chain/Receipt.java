package io.infergrid.wallet.chain;

import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;

/**
 * A transaction that is in a block.
 *
 * @param succeeded false: it was mined and reverted; only the fee is gone
 * @param fee gas used times the price paid
 */
public record Receipt(
        Bytes32 transaction, Bytes32 blockHash, long block, boolean succeeded, long gasUsed, Amount fee) {}
