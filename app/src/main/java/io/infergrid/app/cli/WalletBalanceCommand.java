package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.stake.StakeContract;
import io.infergrid.wallet.stake.StakeState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code infergrid wallet balance}: coins and stake, as the chain shows them now. */
@Command(name = "balance", description = "Show coins, stake, and what unbonds until when.")
final class WalletBalanceCommand extends PurseCommand {

    @Override
    int with(Purse purse) {
        var map = new LinkedHashMap<String, Object>();
        map.put("network", purse.network().title());
        map.put("address", purse.owner().text());
        map.put("currency", purse.network().currency());
        map.put("balance", purse.balance().toString());
        purse.stakes().ifPresent(contract -> stakes(map, contract, purse));
        map.put("unaudited", purse.network().realMoney());
        if (common.json) {
            json(map);
        } else {
            map.forEach((name, value) -> out().printf(Locale.ROOT, "%-12s %s%n", name, value));
        }
        return 0;
    }

    private static void stakes(Map<String, Object> map, StakeContract contract, Purse purse) {
        StakeState state = contract.read(purse.owner());
        map.put("role", state.role().name().toLowerCase(Locale.ROOT));
        map.put("staked", state.active().toString());
        List<Map<String, String>> unbonding = state.tickets().stream()
                .map(ticket -> Map.of(
                        "ticket", Integer.toString(ticket.number()),
                        "amount", ticket.amount().toString(),
                        "releasedAt", ticket.releasedAt().toString()))
                .toList();
        map.put("unbonding", unbonding);
        Amount sum = state.tickets().stream()
                .map(StakeState.Ticket::amount)
                .reduce(Amount.ZERO, (a, b) -> new Amount(a.wei().add(b.wei())));
        map.put("unbondingSum", sum.toString());
        map.put("openCases", state.openCases());
    }
}
