package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.stake.StakeContract;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code infergrid wallet unstake}: asks stake back; it comes after the unbonding time. */
@Command(
        name = "unstake",
        description = "Ask stake back: it can be withdrawn after the unbonding time, and slashed until then.")
final class WalletUnstakeCommand extends PurseCommand {

    @Parameters(paramLabel = "AMOUNT", description = "How many coins.")
    String amount = "";

    @Override
    int with(Purse purse) throws IOException, InterruptedException {
        Amount sum = amount(amount);
        StakeContract stakes = stakes(purse);
        return carryOut(
                purse,
                stakes.requestUnbond(sum),
                "ask back " + sum + " " + purse.network().currency() + ", which comes free after "
                        + stakes.unbonding().toDays() + " days");
    }

    static StakeContract stakes(Purse purse) {
        return purse.stakes()
                .orElseThrow(() -> new Failure("expected contracts on "
                        + purse.network().title() + ", found none deployed: use --network local"));
    }
}
