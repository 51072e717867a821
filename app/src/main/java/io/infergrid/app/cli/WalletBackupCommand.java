package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.wallet.keys.KeyRole;
import io.infergrid.wallet.keys.Mnemonic;
import io.infergrid.wallet.vault.Vault;
import io.infergrid.wallet.vault.VaultSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code infergrid wallet backup}: proves that the words written down are this wallet's. */
@Command(name = "backup", description = "Prove the backup: type the words that you wrote down.")
final class WalletBackupCommand extends RigCommand {

    @Option(
            names = "--words-file",
            paramLabel = "FILE",
            description = "Read the words from this file (default: standard input).")
    @Nullable
    Path wordsFile;

    @Override
    public Integer call() throws IOException {
        if (!Purse.exists(home())) {
            throw new Failure("expected a wallet in " + home().data() + ", found none");
        }
        if (wordsFile == null) {
            err().println("Type your words, then Ctrl+D:");
        }
        char[] text = WalletOptions.words(wordsFile);
        try (Vault vault = Vault.open(Purse.vaultFile(home()), VaultSettings.standard());
                Mnemonic words = Mnemonic.parse(text);
                var key = words.derive(KeyRole.OWNER)) {
            if (!key.address().equals(vault.address(KeyRole.OWNER))) {
                throw new Failure("expected the words of " + vault.address(KeyRole.OWNER)
                        + ", found those of another wallet: check the order and every word");
            }
            vault.confirmBackup();
            if (common.json) {
                json(Map.of("backupVerified", true));
            } else {
                out().println("These are the words of this wallet. The backup is good.");
            }
        } finally {
            Arrays.fill(text, '\0');
        }
        return 0;
    }
}
