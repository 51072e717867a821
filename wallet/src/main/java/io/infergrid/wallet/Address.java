package io.infergrid.wallet;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.bouncycastle.jcajce.provider.digest.Keccak;

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
        String checked = checksummed(text);
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
        return new Address(checksummed(lower));
    }

    /**
     * Whether this is another account that a person could take for {@code other}: its first and last four digits are the same, which is
     * what people compare and what a clipboard thief makes equal.
     */
    public boolean looksLike(Address other) {
        String mine = text.toLowerCase(Locale.ROOT);
        String theirs = other.text.toLowerCase(Locale.ROOT);
        return !mine.equals(theirs)
                && mine.substring(2, 6).equals(theirs.substring(2, 6))
                && mine.substring(38).equals(theirs.substring(38));
    }

    /** EIP-55: a letter is a capital where the digit of the lower-case text's Keccak-256 in its place is 8 or more. */
    private static String checksummed(String address) {
        String digits = address.substring(2).toLowerCase(Locale.ROOT);
        byte[] hash = new Keccak.Digest256().digest(digits.getBytes(StandardCharsets.US_ASCII));
        var text = new StringBuilder("0x");
        for (int i = 0; i < digits.length(); i++) {
            int digit = (hash[i / 2] >>> (i % 2 == 0 ? 4 : 0)) & 0xf;
            text.append(digit >= 8 ? Character.toUpperCase(digits.charAt(i)) : digits.charAt(i));
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return text;
    }
}
