package io.infergrid.wallet.stake;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * An owner's stake as the chain shows it.
 *
 * @param openCases disputes that hold the stake
 * @param lockedUntil when no dispute can hold it any longer
 * @param active what backs work and can be slashed
 * @param operator empty if none was named
 * @param tickets what unbonds, slashable until it is released
 */
public record StakeState(
        StakeRole role,
        int openCases,
        Instant lockedUntil,
        Amount active,
        Optional<Address> operator,
        List<Ticket> tickets) {

    /** Stake that was asked back. */
    public record Ticket(int number, Amount amount, Instant releasedAt) {}
}
