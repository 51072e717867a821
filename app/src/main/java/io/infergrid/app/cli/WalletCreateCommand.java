package io.infergrid.app.cli;

import io.infergrid.app.money.Purse;
import io.infergrid.app.paths.Home;
import io.infergrid.wallet.keys.KeyRole;
import io.infergrid.wallet.keys.Mnemonic;
import io.infergrid.wallet.vault.PasswordStrength;
import io.infergrid.wallet.vault.Vault;
import io.infergrid.wallet.vault.VaultSettings;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code infergrid wallet create}: 24 new words, shown once, under a password. */
@Command(name = "create", description = "Make a wallet: prints 24 words once, which are the only backup.")
final class WalletCreateCommand extends RigCommand {

    @Mixin
    WalletOptions wallet = new WalletOptions();

    @Option(names = "--show-words", description = "With --json: print the words too.")
    boolean showWords;

    @Override
    public Integer call() throws IOException {
        Home home = home().create();
        refuseSecond(home);
        char[] password = newPassword(wallet);
        try (Mnemonic words = Mnemonic.generate(new SecureRandom());
                Vault vault = Vault.create(Purse.vaultFile(home), words, password, false, VaultSettings.standard())) {
            if (common.json) {
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("address", vault.address(KeyRole.OWNER).text());
                if (showWords) {
                    map.put("words", String.join(" ", words.words()));
                }
                json(map);
            } else {
                out().println("Your wallet's address is " + vault.address(KeyRole.OWNER));
                out().println("Write these words down in this order, with today's date. Who has them has your coins;"
                        + " without them nobody can restore it:");
                for (int i = 0; i < words.words().size(); i++) {
                    out().print(String.format(
                            java.util.Locale.ROOT,
                            "%3d %-10s%s",
                            i + 1,
                            words.words().get(i),
                            i % 6 == 5 ? "\n" : ""));
                }
                out().println("Then prove the backup: infergrid wallet backup");
            }
        } finally {
            Arrays.fill(password, '\0');
        }
        return 0;
    }

    /** A wallet is never overwritten. */
    static void refuseSecond(Home home) {
        if (Purse.exists(home)) {
            throw new Failure("expected no wallet in " + home.data() + ", found one: it is never overwritten."
                    + " Move wallet.vault away yourself if you mean it, or choose another --home");
        }
    }

    static char[] newPassword(WalletOptions wallet) throws IOException {
        char[] password = wallet.password("New password: ");
        if (PasswordStrength.of(password).level() == PasswordStrength.Level.WEAK) {
            Arrays.fill(password, '\0');
            throw new Failure("expected a password that is harder to guess, e.g. four random words");
        }
        return password;
    }
}
