package io.infergrid.wallet.keys;

/** The words given are no recovery phrase. The message says which word or rule is wrong, by number and never by content. */
public final class MalformedMnemonicException extends IllegalArgumentException {
    public MalformedMnemonicException(String message) {
        super(message);
    }
}
