package io.infergrid.app.cli;

import io.infergrid.app.money.LocalMoney;
import io.infergrid.app.money.Purse;
import io.infergrid.wallet.Amount;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code infergrid wallet faucet}: coins of the local chain, which are worth nothing. */
@Command(name = "faucet", description = "On the local chain: set this wallet's coins, or let its clock jump.")
final class WalletFaucetCommand extends PurseCommand {

    @Option(names = "--amount", paramLabel = "AMOUNT", description = "Coins to have (default: ${DEFAULT-VALUE}).")
    String amount = "1000000";

    @Option(
            names = "--pass-days",
            paramLabel = "N",
            description = "Let the chain's clock jump instead, e.g. over the unbonding time.")
    int days;

    @Override
    int with(Purse purse) throws IOException {
        LocalMoney local = purse.local()
                .orElseThrow(() -> new Failure("expected --network local, found "
                        + purse.network().title() + ": coins of a real chain are not given away"));
        if (days < 0 || days > 3650) {
            throw new Failure("expected 1 to 3650 days, found " + days);
        }
        if (days > 0) {
            local.passTime(Duration.ofDays(days));
        } else {
            local.give(purse.owner(), amount(amount));
        }
        Amount balance = purse.balance();
        if (common.json) {
            json(Map.of("address", purse.owner().text(), "balance", balance.toString()));
        } else {
            out().println(purse.owner() + " has " + balance + " "
                    + purse.network().currency());
        }
        return 0;
    }
}
