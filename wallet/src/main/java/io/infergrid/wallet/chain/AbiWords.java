package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** What a view returned, as words. Every reading checks the range of what it stands for. */
public final class AbiWords {

    private static final int MAX_BYTES = 1 << 20;

    private final byte[] bytes;

    private AbiWords(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * @throws ChainException if the answer is no whole number of words
     */
    public static AbiWords of(String hex) {
        return ChainClient.decoded(() -> {
            if (!hex.startsWith("0x") || hex.length() > 2 + 2 * MAX_BYTES || (hex.length() - 2) % 64 != 0) {
                throw new IllegalArgumentException("expected whole words");
            }
            return new AbiWords(HexFormat.of().parseHex(hex, 2, hex.length()));
        });
    }

    public Bytes32 word(int index) {
        if (index < 0 || (index + 1) * 32L > bytes.length) {
            throw new ChainException(
                    ChainException.Kind.BAD_ANSWER,
                    "expected " + (index + 1) + " words in the chain's answer, found " + bytes.length / 32);
        }
        return Bytes32.of(Arrays.copyOfRange(bytes, 32 * index, 32 * index + 32));
    }

    public BigInteger number(int index) {
        return word(index).toNumber();
    }

    public long integer(int index) {
        return ChainClient.decoded(() -> number(index).longValueExact());
    }

    public boolean flag(int index) {
        return integer(index) != 0;
    }

    public Amount amount(int index) {
        return new Amount(number(index));
    }

    public Address address(int index) {
        String hex = word(index).toString();
        return ChainClient.decoded(() -> Address.ofUncheckedHex("0x" + hex.substring(26)));
    }

    /** Unix seconds. */
    public Instant time(int index) {
        return ChainClient.decoded(() -> Instant.ofEpochSecond(number(index).longValueExact()));
    }

    /** The only return value, if it is an array of addresses. */
    public List<Address> addresses() {
        int at = Math.toIntExact(Math.min(integer(0), MAX_BYTES) / 32);
        long count = integer(at);
        if (count > bytes.length / 32) {
            throw new ChainException(ChainException.Kind.BAD_ANSWER, "expected an array that fits its answer");
        }
        var list = new ArrayList<Address>();
        for (int i = 1; i <= count; i++) {
            list.add(address(at + i));
        }
        return list;
    }
}
