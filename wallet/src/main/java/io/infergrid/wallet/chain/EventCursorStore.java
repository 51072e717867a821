package io.infergrid.wallet.chain;

import io.infergrid.wallet.Bytes32;
import java.util.List;
import java.util.Optional;

/** Where an event cursor keeps how far it has read and what it saw there. The program keeps it in SQLite. */
public interface EventCursorStore {

    /**
     * How far was read.
     *
     * @param block last block that was read
     * @param confirmed last block whose events were told as confirmed
     * @param hash of {@code block}
     */
    record Position(long block, long confirmed, Bytes32 hash) {}

    Optional<Position> position(String cursor);

    /** Events that appeared and were not reversed, from this block on, by rising block and log index. */
    List<ChainEvent> events(String cursor, long fromBlock);

    /**
     * Keeps the position and does what the changes ask for, ledger included, in one transaction: all or nothing, durable when
     * it returns.
     */
    void apply(String cursor, Position position, List<ChainChange> changes);
}
