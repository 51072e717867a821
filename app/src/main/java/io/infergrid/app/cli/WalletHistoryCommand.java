package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.wallet.chain.NonceJournal;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code infergrid wallet history}: what this wallet has signed, newest first. */
@Command(name = "history", description = "List the transactions of this wallet, newest first.")
final class WalletHistoryCommand extends PurseCommand {

    @Option(names = "--limit", paramLabel = "N", description = "At most so many (default: ${DEFAULT-VALUE}).")
    int limit = 20;

    @Override
    int with(Purse purse) {
        if (limit < 1 || limit > 10_000) {
            throw new Failure("expected a limit of 1 to 10000, found " + limit);
        }
        List<NonceJournal.Entry> entries =
                purse.database().history(purse.network().chainId(), limit);
        if (common.json) {
            json(entries.stream().map(PurseCommand::map).toList());
        } else if (entries.isEmpty()) {
            out().println("Nothing was signed on this network yet.");
        } else {
            for (NonceJournal.Entry entry : entries) {
                var map = map(entry);
                out().printf(
                                Locale.ROOT,
                                "%-24s %-14s %-10s %22s %s  %s%n",
                                map.get("at"),
                                entry.action(),
                                map.get("state"),
                                map.get("value"),
                                purse.network().currency(),
                                map.get("transaction"));
            }
        }
        return 0;
    }
}
