package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import java.util.HexFormat;

/**
 * What goes into a transaction besides its fees and nonce.
 *
 * @param data ABI-encoded call in hex with {@code 0x}; {@code 0x} for a plain transfer
 */
public record Call(Address to, Amount value, String data) {

    public Call {
        if (!data.startsWith("0x") || data.length() % 2 != 0 || data.length() > 2 + 2 * 128 * 1024) {
            throw new IllegalArgumentException("expected call data of whole bytes in hex, at most 128 KiB");
        }
        HexFormat.of().parseHex(data, 2, data.length());
    }

    public static Call transfer(Address to, Amount value) {
        return new Call(to, value, "0x");
    }
}
