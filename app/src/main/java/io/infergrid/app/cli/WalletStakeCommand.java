package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.stake.StakeRole;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code infergrid wallet stake}: coins behind this rig's work. */
@Command(name = "stake", description = "Stake coins behind this rig's work; a confirmed fault takes up to all of it.")
final class WalletStakeCommand extends PurseCommand {

    @Parameters(paramLabel = "AMOUNT", description = "How many coins.")
    String amount = "";

    @Option(names = "--role", paramLabel = "ROLE", description = "worker or validator (default: ${DEFAULT-VALUE}).")
    String role = "worker";

    @Override
    int with(Purse purse) throws IOException, InterruptedException {
        StakeRole as = switch (role.toLowerCase(Locale.ROOT)) {
            case "worker" -> StakeRole.WORKER;
            case "validator" -> StakeRole.VALIDATOR;
            default -> throw new Failure("expected --role worker or validator, found '" + role + "'");
        };
        if (!purse.vault().backupVerified()) {
            throw new Failure("expected a proven backup before coins are staked: run 'infergrid wallet backup'");
        }
        Amount sum = amount(amount);
        return carryOut(
                purse,
                WalletUnstakeCommand.stakes(purse).stake(as, sum),
                "stake " + sum + " " + purse.network().currency() + " as " + role);
    }
}
