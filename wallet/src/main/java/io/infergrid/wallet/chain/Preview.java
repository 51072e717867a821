package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import java.math.BigInteger;
import java.util.Optional;

/**
 * All that a person should see before signing. Numbers come from a dry run on the newest block; until the transaction is mined
 * others may move the chain, so a preview is a promise of the present only.
 *
 * @param action what is meant, with its parts; {@link Action#atRisk()} says what could be lost
 * @param gas limit that will be signed, a fifth above the estimate; zero if the dry run was refused
 * @param maxFee most that the network can take
 * @param balance of the account now
 * @param refusal why the chain would refuse it; if present, nothing can be signed
 */
public record Preview(
        Action action,
        Address from,
        Call call,
        BigInteger gas,
        Fees fees,
        Amount maxFee,
        Amount balance,
        Optional<RevertReason> refusal) {

    /** What leaves the account at most: the value and the whole fee. */
    public Amount most() {
        return call.value().plus(maxFee);
    }

    /** What is left at least; empty if the balance does not suffice. */
    public Optional<Amount> balanceAfter() {
        return balance.compareTo(most()) >= 0 ? Optional.of(balance.minus(most())) : Optional.empty();
    }

    /** Whether it may be signed: not refused, and paid for. */
    public boolean feasible() {
        return refusal.isEmpty() && balanceAfter().isPresent();
    }
}
