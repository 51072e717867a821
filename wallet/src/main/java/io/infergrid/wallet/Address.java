package io.infergrid.wallet;

import java.util.Locale;
import org.web3j.crypto.Keys;

/**
 * An account on the chain in the mixed-case form of EIP-55, whose letters carry a checksum.
 *
 * @param text {@code 0x} and 40 hex digits
 */
public record Address(String text) {

    /**
     * @throws IllegalArgumentException if the text is not an address with a right checksum
     */
    public Address {
        if (!text.matches("0x[0-9a-fA-F]{40}")) {
            throw new IllegalArgumentException("expected an address of 0x and 40 hex digits, found "
                    + (text.length() > 60 ? text.length() + " characters" : "'" + text + "'"));
        }
        String checked = Keys.toChecksumAddress(text);
        if (!checked.equals(text)) {
            throw new IllegalArgumentException("expected an address whose capitals match its checksum (EIP-55), found '"
                    + text + "': check every digit against the source");
        }
    }

    /** An address from the bare hex digits that a chain answers with, which carry no checksum. */
    public static Address ofUncheckedHex(String hex) {
        String lower = hex.toLowerCase(Locale.ROOT);
        if (!lower.matches("0x[0-9a-f]{40}")) {
            throw new IllegalArgumentException("expected 0x and 40 hex digits");
        }
        return new Address(Keys.toChecksumAddress(lower));
    }

    @Override
    public String toString() {
        return text;
    }
}
