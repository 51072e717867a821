package io.infergrid.wallet.channel;

import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.channel.VoucherStore.Kept;
import io.infergrid.wallet.keys.Signer;
import java.time.Clock;
import java.time.Instant;

/**
 * The payer's side: signs what is owed, window by window. What was promised is kept before the voucher leaves, so after a crash
 * the next one is never lower and never promises the deposit twice. Safe for any thread.
 */
public final class ChannelPayer {

    private final TypedDomain channels;
    private final Signer session;
    private final VoucherStore store;
    private final Clock clock;

    public ChannelPayer(TypedDomain channels, Signer session, VoucherStore store, Clock clock) {
        this.channels = channels;
        this.session = session;
        this.store = store;
        this.clock = clock;
    }

    /** What was promised on this channel so far. */
    public Amount promised(Bytes32 channel) {
        return store.newest(channel)
                .map(kept -> kept.voucher().voucher().cumulative())
                .orElse(Amount.ZERO);
    }

    /**
     * Promises a window's price more.
     *
     * @param receiptRoot Merkle root over the session's commitments up to this window
     * @throws IllegalStateException if the channel is not this signer's, closing, or its deposit does not cover it: top it up
     */
    public synchronized SignedVoucher pay(ChannelState state, Amount price, Bytes32 receiptRoot) {
        if (!state.signer().equals(session.address())) {
            throw new IllegalStateException(
                    "expected a channel whose signer is " + session.address() + ", found " + state.signer());
        }
        if (!state.open() || state.closesAt().isPresent()) {
            throw new IllegalStateException("the channel is closing or closed: open another one");
        }
        Amount before = promised(state.id());
        Amount floor = before.compareTo(state.redeemed()) > 0 ? before : state.redeemed();
        Amount cumulative = floor.plus(price);
        if (cumulative.compareTo(state.deposit()) > 0) {
            throw new IllegalStateException(
                    "the deposit of " + state.deposit() + " does not cover " + cumulative + ": top the channel up");
        }
        SignedVoucher voucher = new Voucher(state.id(), cumulative, receiptRoot).sign(channels, session);
        store.put(new Kept(voucher, Instant.now(clock)));
        return voucher;
    }
}
