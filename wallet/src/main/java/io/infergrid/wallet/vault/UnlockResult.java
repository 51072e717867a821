package io.infergrid.wallet.vault;

import java.time.Duration;

/** What became of a password. */
public sealed interface UnlockResult {

    /** The password was right and the owner's key is usable. */
    record Unlocked() implements UnlockResult {}

    /**
     * The file is whole and the password does not open it.
     *
     * @param delay until the next try counts
     */
    record WrongPassword(int triesSoFar, Duration delay) implements UnlockResult {}

    /** Tried again before the wait was over; the password was not looked at. */
    record TooSoon(Duration delay) implements UnlockResult {}
}
