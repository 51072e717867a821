package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Bytes32;
import java.util.HexFormat;
import java.util.List;

/**
 * A log of a contract in a certain block. The same transaction in another block is another event.
 *
 * @param topics one to four words, the first names the event
 * @param data in hex with {@code 0x}
 */
public record ChainEvent(
        Bytes32 blockHash,
        long block,
        long logIndex,
        Bytes32 transaction,
        Address contract,
        List<Bytes32> topics,
        String data) {

    private static final int MAX_DATA = 2 + 2 * 64 * 1024;

    public ChainEvent {
        topics = List.copyOf(topics);
        if (topics.size() > 4 || !data.startsWith("0x") || data.length() > MAX_DATA || data.length() % 2 != 0) {
            throw new IllegalArgumentException("expected a log of at most four topics and 64 KiB of data");
        }
        HexFormat.of().parseHex(data, 2, data.length());
    }

    /** What tells it from every other event. */
    public Key key() {
        return new Key(blockHash, logIndex);
    }

    /** Block hash and position in the block. */
    public record Key(Bytes32 blockHash, long logIndex) {}
}
