package io.infergrid.libp2p.codec;

import java.util.Arrays;

/** Base58 with Bitcoin's alphabet. Takes time in the square of the length, hence the bound. */
public final class Base58 {

    /** Enough for every peer id (42 bytes make at most 58 characters). */
    public static final int MAX_CHARACTERS = 128;

    private static final String ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private static final byte[] DIGITS = new byte[128];

    static {
        Arrays.fill(DIGITS, (byte) -1);
        for (int i = 0; i < ALPHABET.length(); i++) {
            DIGITS[ALPHABET.charAt(i)] = (byte) i;
        }
    }

    private Base58() {}

    public static String encode(byte[] bytes) {
        int zeros = leading(bytes);
        // digits of base 58, least significant first; log(256) / log(58) < 1.4
        var digits = new byte[bytes.length * 14 / 10 + 1];
        int count = 0;
        for (int i = zeros; i < bytes.length; i++) {
            int carry = bytes[i] & 0xff;
            for (int j = 0; j < count || carry > 0; j++) {
                carry += (j < count ? digits[j] : 0) << 8;
                digits[j] = (byte) (carry % 58);
                carry /= 58;
                count = Math.max(count, j + 1);
            }
        }
        var text = new StringBuilder(zeros + count);
        text.repeat('1', zeros);
        for (int j = count - 1; j >= 0; j--) {
            text.append(ALPHABET.charAt(digits[j]));
        }
        return text.toString();
    }

    public static byte[] decode(String text) throws DecodeException {
        if (text.length() > MAX_CHARACTERS) {
            throw new DecodeException(
                    "base58: expected at most " + MAX_CHARACTERS + " characters, found " + text.length());
        }
        int ones = 0;
        while (ones < text.length() && text.charAt(ones) == '1') {
            ones++;
        }
        var bytes = new byte[text.length()]; // least significant first
        int count = 0;
        for (int i = ones; i < text.length(); i++) {
            char c = text.charAt(i);
            int carry = c < 128 ? DIGITS[c] : -1;
            if (carry < 0) {
                throw new DecodeException("base58: expected a letter of its alphabet, found '" + c + "' at " + i);
            }
            for (int j = 0; j < count || carry > 0; j++) {
                carry += (j < count ? bytes[j] & 0xff : 0) * 58;
                bytes[j] = (byte) carry;
                carry >>>= 8;
                count = Math.max(count, j + 1);
            }
        }
        var result = new byte[ones + count];
        for (int j = 0; j < count; j++) {
            result[ones + j] = bytes[count - 1 - j];
        }
        return result;
    }

    private static int leading(byte[] bytes) {
        int zeros = 0;
        while (zeros < bytes.length && bytes[zeros] == 0) {
            zeros++;
        }
        return zeros;
    }
}
