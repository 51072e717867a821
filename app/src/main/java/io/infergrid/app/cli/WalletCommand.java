package io.infergrid.app.cli;

import io.infergrid.app.money.LocalMoney;
import io.infergrid.app.money.Purse;
import io.infergrid.wallet.keys.KeyRole;
import io.infergrid.wallet.vault.Vault;
import io.infergrid.wallet.vault.VaultSettings;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code infergrid wallet}: whether there is a wallet, its addresses, and what it can do here; asks no chain. */
@Command(
        name = "wallet",
        description = "Say what there is of a wallet; the commands below make one and move coins.",
        subcommands = {
            WalletCreateCommand.class,
            WalletRestoreCommand.class,
            WalletBackupCommand.class,
            WalletBalanceCommand.class,
            WalletSendCommand.class,
            WalletStakeCommand.class,
            WalletUnstakeCommand.class,
            WalletWithdrawCommand.class,
            WalletHistoryCommand.class,
            WalletFaucetCommand.class,
        })
final class WalletCommand extends RigCommand {

    @Override
    public Integer call() throws IOException {
        var map = new LinkedHashMap<String, Object>();
        boolean exists = Purse.exists(home());
        map.put("wallet", exists);
        if (exists) {
            try (Vault vault = Vault.open(Purse.vaultFile(home()), VaultSettings.standard())) {
                map.put("address", vault.address(KeyRole.OWNER).text());
                map.put("operator", vault.address(KeyRole.OPERATOR).text());
                map.put("session", vault.address(KeyRole.SESSION).text());
                map.put("backupVerified", vault.backupVerified());
                map.put(
                        "sentence",
                        vault.backupVerified() ? "The backup was checked." : "The backup was not checked yet.");
                map.put(
                        "next",
                        vault.backupVerified()
                                ? "See 'infergrid wallet balance'."
                                : "Write the words down and run 'infergrid wallet backup' before coins come in.");
            }
        } else {
            map.put("sentence", "No wallet yet.");
            map.put("next", "Make one with 'infergrid wallet create', or bring yours with 'infergrid wallet restore'.");
        }
        map.put("localChain", LocalMoney.missing().orElse("available"));
        print(map);
        return 0;
    }

    private void print(Map<String, Object> map) {
        if (common.json) {
            json(map);
        } else {
            out().println(map.get("sentence"));
            out().println(map.get("next"));
            map.entrySet().stream()
                    .filter(entry -> !List.of("wallet", "sentence", "next").contains(entry.getKey()))
                    .forEach(entry -> out().printf(Locale.ROOT, "%-15s %s%n", entry.getKey(), entry.getValue()));
        }
    }
}
