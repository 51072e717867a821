package io.infergrid.wallet.channel;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.keys.SigningKey;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;

/** Measures signing and checking a voucher: medians and 95th percentiles of 2000 each after as many to warm up, as JSON. */
public final class VoucherSpeed {

    private static final int COUNT = 2000;

    private VoucherSpeed() {}

    public static void main(String[] arguments) {
        var domain = new TypedDomain(
                "InferGrid Channels", "1", 31337, new Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
        SigningKey key = SigningKey.of(HexFormat.of().parseHex("33".repeat(32)));
        Bytes32 channel = Bytes32.keccak(new byte[] {1});
        long[] sign = new long[COUNT];
        long[] verify = new long[COUNT];
        for (int round = 0; round < 2 * COUNT; round++) {
            var voucher = new Voucher(channel, Amount.ofWei(round + 1), channel);
            long start = System.nanoTime();
            SignedVoucher signed = voucher.sign(domain, key);
            long signedAt = System.nanoTime();
            boolean good = signed.signature().isBy(key.address(), voucher.digest(domain));
            long verifiedAt = System.nanoTime();
            if (!good) {
                throw new IllegalStateException("a good voucher was refused");
            }
            sign[round % COUNT] = signedAt - start;
            verify[round % COUNT] = verifiedAt - signedAt;
        }
        System.out.println("{\"sign\":" + times(sign) + ",\"verify\":" + times(verify) + "}");
    }

    private static String times(long[] nanos) {
        Arrays.sort(nanos);
        return String.format(
                Locale.ROOT,
                "{\"medianMs\":%.3f,\"p95Ms\":%.3f,\"count\":%d}",
                nanos[COUNT / 2] / 1e6,
                nanos[COUNT * 95 / 100] / 1e6,
                COUNT);
    }
}
