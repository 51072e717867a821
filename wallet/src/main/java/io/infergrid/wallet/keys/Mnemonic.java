package io.infergrid.wallet.keys;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.bouncycastle.crypto.digests.SHA512Digest;
import org.bouncycastle.crypto.generators.PKCS5S2ParametersGenerator;
import org.bouncycastle.crypto.params.KeyParameter;
import org.web3j.crypto.MnemonicUtils;

/**
 * A BIP-39 recovery phrase of the English list, kept as its entropy in one array that {@link #close()} wipes. New ones have
 * 24 words; restoring also takes the 12 to 21 words of other wallets. There is no passphrase: MetaMask has none, and a
 * forgotten one would be another wallet without any error.
 *
 * <p>Source: BIP-39. Not thread-safe.
 */
public final class Mnemonic implements AutoCloseable {

    private static final List<String> WORDS = List.copyOf(MnemonicUtils.getWords());
    private static final int BITS_PER_WORD = 11;
    private static final int SEED_ROUNDS = 2048;
    private static final int MAX_TEXT = 400;

    private final byte[] entropy;
    private boolean closed;

    private Mnemonic(byte[] entropy) {
        this.entropy = entropy;
    }

    /** 24 new words. */
    public static Mnemonic generate(SecureRandom random) {
        byte[] entropy = new byte[32];
        random.nextBytes(entropy);
        return new Mnemonic(entropy);
    }

    /**
     * The phrase with this entropy; the array is copied.
     *
     * @throws MalformedMnemonicException unless there are 16, 20, 24, 28 or 32 bytes
     */
    public static Mnemonic ofEntropy(byte[] entropy) {
        if (entropy.length < 16 || entropy.length > 32 || entropy.length % 4 != 0) {
            throw new MalformedMnemonicException(
                    "expected 16 to 32 bytes of entropy in steps of 4, found " + entropy.length);
        }
        return new Mnemonic(entropy.clone());
    }

    /**
     * Reads words separated by any white space, in any case. The array stays the caller's to wipe.
     *
     * @throws MalformedMnemonicException if the number of words, a word or the checksum is wrong
     */
    public static Mnemonic parse(char[] text) {
        if (text.length > MAX_TEXT) {
            throw new MalformedMnemonicException("expected at most 24 words, found " + text.length + " characters");
        }
        int[] indices = indices(text);
        try {
            return fromIndices(indices);
        } finally {
            Arrays.fill(indices, 0);
        }
    }

    private static int[] indices(char[] text) {
        var found = new int[25];
        int count = 0;
        for (int start = 0; start < text.length; ) {
            if (Character.isWhitespace(text[start])) {
                start++;
                continue;
            }
            int end = start;
            while (end < text.length && !Character.isWhitespace(text[end])) {
                end++;
            }
            if (count == 24) {
                throw new MalformedMnemonicException("expected at most 24 words, found more");
            }
            found[count++] = index(text, start, end, count);
            start = end;
        }
        if (count < 12 || count % 3 != 0) {
            throw new MalformedMnemonicException("expected 24 words (or 12, 15, 18 or 21), found " + count);
        }
        int[] exact = Arrays.copyOf(found, count);
        Arrays.fill(found, 0);
        return exact;
    }

    private static int index(char[] text, int start, int end, int number) {
        char[] lower = new char[end - start];
        for (int i = 0; i < lower.length; i++) {
            lower[i] = Character.toLowerCase(text[start + i]);
        }
        CharSequence word = CharBuffer.wrap(lower);
        try {
            int index = Collections.binarySearch(WORDS, word, CharSequence::compare);
            if (index < 0) {
                throw new MalformedMnemonicException(
                        "word " + number + " is not in the English list of BIP-39: look for a typing mistake");
            }
            return index;
        } finally {
            Arrays.fill(lower, ' ');
        }
    }

    private static Mnemonic fromIndices(int[] indices) {
        int bits = indices.length * BITS_PER_WORD;
        int checksumBits = bits / 33;
        byte[] packed = new byte[(bits + 7) / 8];
        for (int bit = 0; bit < bits; bit++) {
            int value = indices[bit / BITS_PER_WORD] >>> (BITS_PER_WORD - 1 - bit % BITS_PER_WORD) & 1;
            packed[bit / 8] |= (byte) (value << (7 - bit % 8));
        }
        byte[] entropy = Arrays.copyOf(packed, (bits - checksumBits) / 8);
        int mask = 0xff << (8 - checksumBits) & 0xff;
        boolean right = (packed[entropy.length] & mask) == (sha256(entropy)[0] & mask);
        Arrays.fill(packed, (byte) 0);
        if (!right) {
            Arrays.fill(entropy, (byte) 0);
            throw new MalformedMnemonicException(
                    "the words do not fit together (checksum): one is wrong or two are swapped");
        }
        return new Mnemonic(entropy);
    }

    /** The words in order; the strings are the list's own, so no new copy of a secret text comes to be. */
    public List<String> words() {
        requireOpen();
        int checksum = sha256(entropy)[0] & 0xff;
        int count = entropy.length * 8 * 33 / 32 / BITS_PER_WORD;
        var words = new ArrayList<String>(count);
        for (int word = 0; word < count; word++) {
            int index = 0;
            for (int bit = word * BITS_PER_WORD; bit < (word + 1) * BITS_PER_WORD; bit++) {
                int at = bit / 8;
                int octet = at < entropy.length ? entropy[at] : checksum;
                index = index << 1 | (octet >>> (7 - bit % 8) & 1);
            }
            words.add(WORDS.get(index));
        }
        return words;
    }

    /** The words separated by one space; the caller wipes the array. */
    public char[] text() {
        List<String> words = words();
        char[] text = new char[words.stream().mapToInt(String::length).sum() + words.size() - 1];
        int at = 0;
        for (String word : words) {
            if (at > 0) {
                text[at++] = ' ';
            }
            word.getChars(0, word.length(), text, at);
            at += word.length();
        }
        return text;
    }

    /** A copy of the entropy; the caller wipes it. */
    public byte[] entropy() {
        requireOpen();
        return entropy.clone();
    }

    /** The key of a role at {@code m/44'/60'/0'/0/i}; the caller closes it. */
    public SigningKey derive(KeyRole role) {
        return deriveIndex(role.index());
    }

    /** The key at {@code m/44'/60'/0'/0/index}, e.g. of a test chain's accounts; the caller closes it. */
    public SigningKey deriveIndex(int index) {
        if (index < 0) {
            throw new IllegalArgumentException("expected an index from 0, found " + index);
        }
        byte[] seed = seed();
        try {
            return HdPath.ethereum(seed, index);
        } finally {
            Arrays.fill(seed, (byte) 0);
        }
    }

    /** The 64-byte seed of BIP-39 with an empty passphrase; the caller wipes it. */
    byte[] seed() {
        char[] text = text();
        ByteBuffer encoded = StandardCharsets.US_ASCII.encode(CharBuffer.wrap(text));
        byte[] password = new byte[encoded.remaining()];
        encoded.get(password);
        try {
            var generator = new PKCS5S2ParametersGenerator(new SHA512Digest());
            generator.init(password, "mnemonic".getBytes(StandardCharsets.US_ASCII), SEED_ROUNDS);
            return ((KeyParameter) generator.generateDerivedParameters(512)).getKey();
        } finally {
            Arrays.fill(text, ' ');
            Arrays.fill(password, (byte) 0);
            Arrays.fill(encoded.array(), (byte) 0);
        }
    }

    /** The whole English list, for suggestions while a person types. */
    public static List<String> wordList() {
        return WORDS;
    }

    private static byte[] sha256(byte[] data) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(data);
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException(missing);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the words were wiped");
        }
    }

    @Override
    public void close() {
        closed = true;
        Arrays.fill(entropy, (byte) 0);
    }

    /** Never the words. */
    @Override
    public String toString() {
        return "Mnemonic[hidden]";
    }
}
