package io.infergrid.wallet.vault;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;

/**
 * What a vault needs from outside.
 *
 * @param cost for a vault that is written anew; an old one with less is raised at the next right password
 * @param idleLimit after so long without {@link Vault#touch()} the owner's key locks; zero: never by itself
 */
public record VaultSettings(Argon2Cost cost, Duration idleLimit, Clock clock, SecureRandom random) {

    /** Full cost, locked after 15 minutes. */
    public static VaultSettings standard() {
        return new VaultSettings(Argon2Cost.DEFAULT, Duration.ofMinutes(15), Clock.systemUTC(), new SecureRandom());
    }
}
