package io.infergrid.wallet.vault;

import java.util.Set;

/**
 * A rough estimate of how many guesses a password takes. It knows character classes, repeats, rows such as {@code abc} or
 * {@code 123} and a few of the commonest passwords; a real dictionary it does not have, so it errs on the hopeful side.
 *
 * @param bits the base-two logarithm of the guesses
 */
public record PasswordStrength(int bits, Level level) {

    /** What to say to the person. */
    public enum Level {
        /** Guessed in hours even at one guess a second per core: not accepted for a new vault. */
        WEAK,
        FAIR,
        GOOD,
        STRONG
    }

    private static final Set<String> COMMON = Set.of(
            "password",
            "passwort",
            "qwerty",
            "qwertz",
            "letmein",
            "iloveyou",
            "welcome",
            "dragon",
            "monkey",
            "bitcoin",
            "ethereum",
            "bittorrent",
            "infergrid",
            "wallet",
            "admin",
            "secret",
            "football",
            "sunshine",
            "princess");

    public static PasswordStrength of(char[] password) {
        double perCharacter = Math.log(alphabet(password)) / Math.log(2);
        double bits = 0;
        for (int i = 0; i < password.length; i++) {
            boolean row = i > 0 && Math.abs(password[i] - password[i - 1]) <= 1;
            bits += row ? 1 : perCharacter;
        }
        bits -= commonWordBits(password, perCharacter);
        int whole = Math.max(0, (int) bits);
        return new PasswordStrength(
                whole, whole < 36 ? Level.WEAK : whole < 50 ? Level.FAIR : whole < 70 ? Level.GOOD : Level.STRONG);
    }

    private static int alphabet(char[] password) {
        boolean lower = false;
        boolean upper = false;
        boolean digit = false;
        boolean other = false;
        for (char c : password) {
            lower |= Character.isLowerCase(c);
            upper |= Character.isUpperCase(c);
            digit |= Character.isDigit(c);
            other |= !Character.isLetterOrDigit(c);
        }
        return Math.max(2, (lower ? 26 : 0) + (upper ? 26 : 0) + (digit ? 10 : 0) + (other ? 32 : 0));
    }

    private static double commonWordBits(char[] password, double perCharacter) {
        double found = 0;
        for (String word : COMMON) {
            if (contains(password, word)) {
                found = Math.max(found, word.length() * perCharacter - 6);
            }
        }
        return found;
    }

    private static boolean contains(char[] password, String word) {
        for (int start = 0; start + word.length() <= password.length; start++) {
            int length = 0;
            while (length < word.length() && Character.toLowerCase(password[start + length]) == word.charAt(length)) {
                length++;
            }
            if (length == word.length()) {
                return true;
            }
        }
        return false;
    }
}
