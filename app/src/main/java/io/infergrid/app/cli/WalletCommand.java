package io.infergrid.app.cli;

import java.util.Map;
import picocli.CommandLine.Command;

/** {@code infergrid wallet}: what is real about money today, which is that there is none yet. */
@Command(name = "wallet", description = "Say what there is of a wallet.")
final class WalletCommand extends RigCommand {

    private static final String SENTENCE =
            "No wallet yet: this version computes, checks and stores jobs, and moves no money.";
    private static final String NEXT =
            "Creating or restoring a wallet (24 words), vouchers for each window and payouts in BTT come with a later"
                    + " version; nothing is owed to you and nothing can be lost until then.";

    @Override
    public Integer call() {
        if (common.json) {
            json(Map.of("wallet", false, "sentence", SENTENCE, "next", NEXT));
        } else {
            out().println(SENTENCE);
            out().println(NEXT);
        }
        return 0;
    }
}
