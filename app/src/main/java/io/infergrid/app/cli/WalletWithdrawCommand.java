package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.wallet.stake.StakeContract;
import io.infergrid.wallet.stake.StakeState;
import java.io.IOException;
import java.time.Instant;
import java.util.Comparator;
import picocli.CommandLine.Command;

/** {@code infergrid wallet withdraw}: takes home what was asked back and is released. */
@Command(name = "withdraw", description = "Take home stake whose unbonding time is over, oldest first.")
final class WalletWithdrawCommand extends PurseCommand {

    @Override
    int with(Purse purse) throws IOException, InterruptedException {
        StakeContract stakes = WalletUnstakeCommand.stakes(purse);
        StakeState state = stakes.read(purse.owner());
        StakeState.Ticket next = state.tickets().stream()
                .min(Comparator.comparing(StakeState.Ticket::releasedAt))
                .orElseThrow(() ->
                        new Failure("expected stake that was asked back, found none: see 'infergrid wallet unstake'"));
        Instant now = purse.client().head().time();
        if (now.isBefore(next.releasedAt())) {
            throw new Failure("expected stake whose unbonding time is over, found " + next.amount() + " until "
                    + next.releasedAt());
        }
        return carryOut(
                purse,
                stakes.withdraw(next),
                "withdraw " + next.amount() + " " + purse.network().currency());
    }
}
