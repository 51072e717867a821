package io.infergrid.compute.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * GPT-2's way to write bytes as visible characters: the printable ones of Latin-1 stand for themselves, the other 68 bytes
 * for U+0100 and up, in order.
 */
public final class ByteAlphabet {

    private static final char[] CHARACTERS = characters();
    private static final int[] BYTES = bytes();

    private ByteAlphabet() {}

    private static char[] characters() {
        var characters = new char[256];
        char next = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean visible = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            characters[b] = visible ? (char) b : next++;
        }
        return characters;
    }

    private static int[] bytes() {
        int[] bytes = new int[0x200];
        Arrays.fill(bytes, -1);
        for (int b = 0; b < 256; b++) {
            bytes[CHARACTERS[b]] = b;
        }
        return bytes;
    }

    /** The character for a byte, 0 to 255. */
    public static char character(int unsignedByte) {
        return CHARACTERS[unsignedByte];
    }

    /** The UTF-8 bytes of text, a character each. */
    public static String write(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        var characters = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            characters[i] = CHARACTERS[bytes[i] & 0xFF];
        }
        return new String(characters);
    }

    /** The bytes that characters of this alphabet stand for; other characters give their UTF-8. */
    static byte[] read(String characters) {
        var bytes = new ByteArrayOutputStream(characters.length());
        characters.codePoints().forEach(c -> {
            if (c < BYTES.length && BYTES[c] >= 0) {
                bytes.write(BYTES[c]);
            } else {
                bytes.writeBytes(Character.toString(c).getBytes(UTF_8));
            }
        });
        return bytes.toByteArray();
    }
}
