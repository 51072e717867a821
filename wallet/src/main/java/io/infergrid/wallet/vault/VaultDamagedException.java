package io.infergrid.wallet.vault;

/** The vault file is not what was written: cut, changed or no vault at all. The words on paper restore the wallet. */
public final class VaultDamagedException extends RuntimeException {
    public VaultDamagedException(String message) {
        super(message + ": restore the wallet from its words, or bring the file back from a backup");
    }
}
