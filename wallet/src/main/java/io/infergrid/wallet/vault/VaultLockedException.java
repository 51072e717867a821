package io.infergrid.wallet.vault;

/** Something needs the owner's key, which is locked. The person must unlock the wallet with the password. */
public final class VaultLockedException extends IllegalStateException {
    public VaultLockedException(String message) {
        super(message);
    }
}
