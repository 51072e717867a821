package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.app.paths.Home;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code infergrid wallet restore}: the wallet of words that were written down, here or in MetaMask. */
@Command(name = "restore", description = "Bring a wallet back from its words (12 to 24, in English).")
final class WalletRestoreCommand extends RigCommand {

    @Mixin
    WalletOptions wallet = new WalletOptions();

    @Option(
            names = "--words-file",
            paramLabel = "FILE",
            description = "Read the words from this file (default: standard input).")
    @Nullable
    Path wordsFile;

    @Override
    public Integer call() throws IOException {
        Home home = home().create();
        WalletCreateCommand.refuseSecond(home);
        if (wordsFile == null
                && wallet.passwordFile != null
                && wallet.passwordFile.toString().equals("-")) {
            throw new Failure("expected words and password from two places, found both from standard input");
        }
        char[] text = WalletOptions.words(wordsFile);
        try (Mnemonic words = Mnemonic.parse(text)) {
            char[] password = WalletCreateCommand.newPassword(wallet);
            try (Vault vault = Vault.create(Purse.vaultFile(home), words, password, true, VaultSettings.standard())) {
                String address = vault.address(KeyRole.OWNER).text();
                if (common.json) {
                    json(Map.of("address", address));
                } else {
                    out().println("Restored the wallet of " + address);
                }
            } finally {
                Arrays.fill(password, '\0');
            }
        } finally {
            Arrays.fill(text, '\0');
        }
        return 0;
    }
}
