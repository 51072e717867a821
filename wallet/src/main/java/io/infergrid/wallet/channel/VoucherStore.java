package io.infergrid.wallet.channel;

import io.infergrid.wallet.Bytes32;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The newest voucher of each channel, given or taken. Losing one loses money, so {@link #put} is durable when it returns, and
 * backups carry all of them. The program keeps it in SQLite.
 */
public interface VoucherStore {

    /**
     * A kept voucher.
     *
     * @param firstUnredeemed when the oldest promise came that was not redeemed yet
     */
    record Kept(SignedVoucher voucher, Instant firstUnredeemed) {}

    Optional<Kept> newest(Bytes32 channel);

    /** Replaces the channel's voucher. */
    void put(Kept kept);

    List<Kept> all();
}
