package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.chain.Action;
import io.infergrid.wallet.chain.Call;
import io.infergrid.wallet.chain.Intent;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code infergrid wallet send}: coins to an address. */
@Command(name = "send", description = "Send coins; the address must have its checksum (capitals as given).")
final class WalletSendCommand extends PurseCommand {

    @Parameters(index = "0", paramLabel = "ADDRESS", description = "To whom, 0x and 40 hex digits.")
    String to = "";

    @Parameters(index = "1", paramLabel = "AMOUNT", description = "How many coins, e.g. 1.5")
    String amount = "";

    @Override
    int with(Purse purse) throws IOException, InterruptedException {
        Address receiver;
        try {
            receiver = new Address(to);
        } catch (IllegalArgumentException e) {
            throw new Failure(String.valueOf(e.getMessage()));
        }
        Amount sum = amount(amount);
        return carryOut(
                purse,
                new Intent(new Action.Send(receiver, sum), Call.transfer(receiver, sum)),
                "send " + sum + " " + purse.network().currency() + " to " + receiver);
    }
}
