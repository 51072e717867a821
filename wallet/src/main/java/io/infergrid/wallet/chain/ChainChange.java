package io.infergrid.wallet.chain;

/** What the ledger must do about an event. */
public sealed interface ChainChange {

    ChainEvent event();

    /** It is in the newest history; it may still be taken back. */
    record Appeared(ChainEvent event) implements ChainChange {}

    /** It is as deep as the network's confirmations. */
    record Confirmed(ChainEvent event) implements ChainChange {}

    /** It was told before and is not in the history any more: undo what it did. */
    record Reversed(ChainEvent event) implements ChainChange {}
}
