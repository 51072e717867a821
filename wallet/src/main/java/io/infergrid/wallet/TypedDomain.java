package io.infergrid.wallet;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * The EIP-712 domain of one contract on one chain, which makes a signature worthless anywhere else. Structs of fixed words are
 * encoded by hand, which takes microseconds where encoding from JSON takes milliseconds.
 */
public final class TypedDomain {

    private static final byte[] DOMAIN_TYPE =
            type("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    private static final byte[] PREFIX = {0x19, 0x01};

    private final String name;
    private final String version;
    private final long chainId;
    private final Address contract;
    private final byte[] separator;

    public TypedDomain(String name, String version, long chainId, Address contract) {
        this.name = name;
        this.version = version;
        this.chainId = chainId;
        this.contract = contract;
        this.separator = Keccak256.hash(
                DOMAIN_TYPE, type(name), type(version), word(BigInteger.valueOf(chainId)), word(contract));
    }

    public String name() {
        return name;
    }

    public String version() {
        return version;
    }

    public long chainId() {
        return chainId;
    }

    public Address contract() {
        return contract;
    }

    /** The domain separator, as the contract computes it. */
    public Bytes32 separator() {
        return Bytes32.of(separator);
    }

    /**
     * What is signed for a struct.
     *
     * @param typeHash {@link #type} of the struct's type
     * @param words its fields in order, 32 bytes each
     */
    public byte[] digest(byte[] typeHash, byte[]... words) {
        byte[][] parts = new byte[words.length + 1][];
        parts[0] = typeHash;
        for (int i = 0; i < words.length; i++) {
            if (words[i].length != 32) {
                throw new IllegalArgumentException("expected words of 32 bytes, found " + words[i].length);
            }
            parts[i + 1] = words[i];
        }
        return Keccak256.hash(PREFIX, separator, Keccak256.hash(parts));
    }

    /** Keccak-256 of a struct's type text, e.g. {@code Voucher(bytes32 channelId,...)}. */
    public static byte[] type(String text) {
        return Keccak256.hash(text.getBytes(StandardCharsets.UTF_8));
    }

    /** An unsigned number as a word. */
    public static byte[] word(BigInteger number) {
        return Bytes32.ofNumber(number).toBytes();
    }

    public static byte[] word(long number) {
        return word(BigInteger.valueOf(number));
    }

    public static byte[] word(boolean flag) {
        return word(flag ? 1 : 0);
    }

    /** An address as a word, right-aligned. */
    public static byte[] word(Address address) {
        byte[] word = new byte[32];
        System.arraycopy(HexFormat.of().parseHex(address.text(), 2, 42), 0, word, 12, 20);
        return word;
    }
}
