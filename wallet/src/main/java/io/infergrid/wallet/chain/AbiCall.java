package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.Keccak256;
import io.infergrid.wallet.TypedDomain;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * The data of a call in Solidity's ABI, from its signature and its arguments in order. Structs of static fields are given field by
 * field, as they are laid out; of dynamic arguments there are the kinds that our contracts take.
 */
public final class AbiCall {

    private final byte[] selector;
    private final List<byte[]> heads = new ArrayList<>(); // a word, or nothing where a tail's offset comes
    private final List<byte[]> tails = new ArrayList<>();

    private AbiCall(byte[] selector) {
        this.selector = selector;
    }

    /**
     * @param signature e.g. {@code redeem(bytes32,uint128,bytes32,bytes)}
     */
    public static AbiCall of(String signature) {
        byte[] hash = Keccak256.hash(signature.getBytes(StandardCharsets.US_ASCII));
        return new AbiCall(Arrays.copyOf(hash, 4));
    }

    /** Arguments of a constructor, which come after its code without a selector. */
    public static AbiCall constructor() {
        return new AbiCall(new byte[0]);
    }

    /** Keccak-256 of an event's signature: its first topic. */
    public static Bytes32 topic(String signature) {
        return Bytes32.keccak(signature.getBytes(StandardCharsets.US_ASCII));
    }

    public AbiCall word(Bytes32 word) {
        return head(word.toBytes());
    }

    public AbiCall word(Address address) {
        return head(TypedDomain.word(address));
    }

    public AbiCall word(Amount amount) {
        return head(TypedDomain.word(amount.wei()));
    }

    public AbiCall word(long number) {
        return head(TypedDomain.word(number));
    }

    public AbiCall word(BigInteger number) {
        return head(TypedDomain.word(number));
    }

    public AbiCall word(boolean flag) {
        return head(TypedDomain.word(flag));
    }

    private AbiCall head(byte[] word) {
        heads.add(word);
        tails.add(new byte[0]);
        return this;
    }

    public AbiCall bytes(byte[] bytes) {
        return tail(lengthAndBytes(bytes));
    }

    public AbiCall words(List<Bytes32> words) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(TypedDomain.word(words.size()));
        words.forEach(word -> out.writeBytes(word.toBytes()));
        return tail(out.toByteArray());
    }

    public AbiCall byteArrays(List<byte[]> arrays) {
        var offsets = new ByteArrayOutputStream();
        var contents = new ByteArrayOutputStream();
        for (byte[] array : arrays) {
            offsets.writeBytes(TypedDomain.word(32L * arrays.size() + contents.size()));
            contents.writeBytes(lengthAndBytes(array));
        }
        var out = new ByteArrayOutputStream();
        out.writeBytes(TypedDomain.word(arrays.size()));
        out.writeBytes(offsets.toByteArray());
        out.writeBytes(contents.toByteArray());
        return tail(out.toByteArray());
    }

    private AbiCall tail(byte[] content) {
        heads.add(new byte[0]);
        tails.add(content);
        return this;
    }

    private static byte[] lengthAndBytes(byte[] bytes) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(TypedDomain.word(bytes.length));
        out.writeBytes(bytes);
        out.writeBytes(new byte[(32 - bytes.length % 32) % 32]);
        return out.toByteArray();
    }

    /** Selector and arguments in hex with {@code 0x}. */
    public String data() {
        var out = new ByteArrayOutputStream();
        out.writeBytes(selector);
        long offset = 32L * heads.size();
        for (int i = 0; i < heads.size(); i++) {
            boolean dynamic = heads.get(i).length == 0;
            out.writeBytes(dynamic ? TypedDomain.word(offset) : heads.get(i));
            offset += tails.get(i).length;
        }
        tails.forEach(out::writeBytes);
        return "0x" + HexFormat.of().formatHex(out.toByteArray());
    }

    /** This call to a contract, with coins. */
    public Call to(Address contract, Amount value) {
        return new Call(contract, value, data());
    }

    public Call to(Address contract) {
        return to(contract, Amount.ZERO);
    }
}
