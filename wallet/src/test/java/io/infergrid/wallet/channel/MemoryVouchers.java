package io.infergrid.wallet.channel;

import io.infergrid.wallet.Bytes32;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A voucher store for tests. */
public final class MemoryVouchers implements VoucherStore {

    private final Map<Bytes32, Kept> kept = new LinkedHashMap<>();

    @Override
    public Optional<Kept> newest(Bytes32 channel) {
        return Optional.ofNullable(kept.get(channel));
    }

    @Override
    public void put(Kept voucher) {
        kept.put(voucher.voucher().voucher().channel(), voucher);
    }

    @Override
    public List<Kept> all() {
        return List.copyOf(kept.values());
    }
}
