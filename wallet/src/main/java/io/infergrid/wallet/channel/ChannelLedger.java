package io.infergrid.wallet.channel;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.channel.VoucherStore.Kept;
import io.infergrid.wallet.channel.VoucherVerdict.Reason;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The payee's side of all its channels: which vouchers count, how much each deposit still covers, and what is worth redeeming now.
 * A voucher is in the store before {@link #accept} says so. Safe for any thread.
 */
public final class ChannelLedger {

    private final TypedDomain channels;
    private final Address payee;
    private final Duration minChallenge;
    private final VoucherStore store;
    private final Clock clock;
    private final Map<Bytes32, ChannelState> states = new HashMap<>();

    /**
     * @param minChallenge a channel whose forced close is faster is not worked for: the answer could come too late
     */
    public ChannelLedger(TypedDomain channels, Address payee, Duration minChallenge, VoucherStore store, Clock clock) {
        this.channels = channels;
        this.payee = payee;
        this.minChallenge = minChallenge;
        this.store = store;
        this.clock = clock;
    }

    /** Takes over what the chain shows of a channel. */
    public synchronized void update(ChannelState state) {
        if (state.payee().equals(payee)) {
            states.put(state.id(), state);
        }
    }

    public synchronized Optional<ChannelState> state(Bytes32 channel) {
        return Optional.ofNullable(states.get(channel));
    }

    /** Why no work should be begun for this channel; empty if it may. To be asked when a session opens. */
    public synchronized Optional<String> unfitForWork(Bytes32 channel) {
        ChannelState state = states.get(channel);
        if (state == null) {
            return Optional.of("the channel does not exist or pays somebody else");
        }
        if (!state.open() || state.closesAt().isPresent()) {
            return Optional.of("the channel is closing or closed");
        }
        if (state.challenge().compareTo(minChallenge) < 0) {
            return Optional.of("the channel can be closed within " + state.challenge() + ", expected " + minChallenge
                    + " at least");
        }
        return headroom(channel).equals(Amount.ZERO)
                ? Optional.of("the channel's deposit is used up: top it up")
                : Optional.empty();
    }

    /** What the deposit covers beyond the newest voucher; zero for an unknown channel. */
    public synchronized Amount headroom(Bytes32 channel) {
        ChannelState state = states.get(channel);
        if (state == null || !state.open()) {
            return Amount.ZERO;
        }
        Amount promised = promised(state);
        return state.deposit().compareTo(promised) > 0 ? state.deposit().minus(promised) : Amount.ZERO;
    }

    private Amount promised(ChannelState state) {
        Amount kept = store.newest(state.id())
                .map(newest -> newest.voucher().voucher().cumulative())
                .orElse(Amount.ZERO);
        return kept.compareTo(state.redeemed()) > 0 ? kept : state.redeemed();
    }

    /**
     * Checks a voucher and keeps it durably if it counts.
     *
     * @param atLeast what it must add to the one before, e.g. the window's price
     */
    public synchronized VoucherVerdict accept(SignedVoucher signed, Amount atLeast) {
        Voucher voucher = signed.voucher();
        ChannelState state = states.get(voucher.channel());
        if (state == null) {
            return refused(Reason.UNKNOWN_CHANNEL, "no channel " + voucher.channel() + " pays " + payee);
        }
        if (!state.open()) {
            return refused(Reason.CLOSED, "the channel was closed");
        }
        if (state.closesAt().isPresent()) {
            return refused(Reason.CLOSING, "a forced close was begun");
        }
        Amount before = promised(state);
        if (voucher.cumulative().compareTo(before) <= 0) {
            return refused(Reason.NOT_HIGHER, "expected more than " + before + ", found " + voucher.cumulative());
        }
        Amount earned = voucher.cumulative().minus(before);
        if (earned.compareTo(atLeast) < 0) {
            return refused(Reason.TOO_LITTLE, "expected " + atLeast + " for the window, found " + earned);
        }
        if (voucher.cumulative().compareTo(state.deposit()) > 0) {
            return refused(
                    Reason.ABOVE_DEPOSIT,
                    "expected at most the deposit of " + state.deposit() + ", found " + voucher.cumulative());
        }
        if (!signed.signature().isBy(state.signer(), voucher.digest(channels))) {
            return refused(Reason.WRONG_SIGNER, "expected a signature of " + state.signer() + " for this chain");
        }
        store.put(new Kept(signed, firstUnredeemed(state)));
        return new VoucherVerdict.Accepted(earned, state.deposit().minus(voucher.cumulative()));
    }

    private static VoucherVerdict refused(Reason reason, String detail) {
        return new VoucherVerdict.Refused(reason, detail);
    }

    private Instant firstUnredeemed(ChannelState state) {
        return store.newest(state.id())
                .filter(kept -> kept.voucher().voucher().cumulative().compareTo(state.redeemed()) > 0)
                .map(Kept::firstUnredeemed)
                .orElseGet(clock::instant);
    }

    /** What was promised and not redeemed yet, over all open channels: what would be lost if every payer vanished. */
    public synchronized Amount unredeemed() {
        Amount sum = Amount.ZERO;
        for (ChannelState state : states.values()) {
            if (state.open()) {
                sum = sum.plus(promised(state).minus(state.redeemed()));
            }
        }
        return sum;
    }

    /** Vouchers that should be redeemed now, most urgent first, each with its reason. */
    public synchronized List<RedeemPolicy.Due> due(RedeemPolicy policy) {
        var due = new ArrayList<RedeemPolicy.Due>();
        for (Kept kept : store.all()) {
            ChannelState state = states.get(kept.voucher().voucher().channel());
            if (state != null && state.open()) {
                boolean signerChanged = !kept.voucher()
                        .signature()
                        .isBy(state.signer(), kept.voucher().voucher().digest(channels));
                policy.due(state, kept, signerChanged, clock.instant()).ifPresent(due::add);
            }
        }
        due.sort((a, b) -> a.reason().compareTo(b.reason()));
        return due;
    }
}
