package io.infergrid.wallet.keys;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.bouncycastle.crypto.digests.SHA512Digest;
import org.bouncycastle.crypto.macs.HMac;
import org.bouncycastle.crypto.params.KeyParameter;

/** BIP-32 private derivation along BIP-44's path for Ethereum, {@code m/44'/60'/0'/0/i}. */
final class HdPath {

    private static final int HARDENED = 0x8000_0000;
    private static final byte[] MASTER = "Bitcoin seed".getBytes(StandardCharsets.US_ASCII);

    private HdPath() {}

    static SigningKey ethereum(byte[] seed, int index) {
        byte[] node = hmac(MASTER, seed); // [0..31] key, [32..63] chain code
        try {
            for (int step : new int[] {44 | HARDENED, 60 | HARDENED, HARDENED, 0, index}) {
                byte[] child = child(node, step);
                Arrays.fill(node, (byte) 0);
                node = child;
            }
            byte[] key = Arrays.copyOf(node, 32);
            try {
                return SigningKey.of(key);
            } finally {
                Arrays.fill(key, (byte) 0);
            }
        } finally {
            Arrays.fill(node, (byte) 0);
        }
    }

    private static byte[] child(byte[] node, int step) {
        byte[] data = new byte[37];
        if (step < 0) {
            System.arraycopy(node, 0, data, 1, 32);
        } else {
            byte[] key = Arrays.copyOf(node, 32);
            System.arraycopy(Secp256k1.publicPoint(key).getEncoded(true), 0, data, 0, 33);
            Arrays.fill(key, (byte) 0);
        }
        for (int i = 0; i < 4; i++) {
            data[33 + i] = (byte) (step >>> (24 - 8 * i));
        }
        byte[] child = hmac(Arrays.copyOfRange(node, 32, 64), data);
        Arrays.fill(data, (byte) 0);
        BigInteger left = new BigInteger(1, Arrays.copyOf(child, 32));
        BigInteger key = left.add(new BigInteger(1, Arrays.copyOf(node, 32))).mod(Secp256k1.ORDER);
        if (left.compareTo(Secp256k1.ORDER) >= 0 || key.signum() == 0) {
            // BIP-32 asks for the next index here; its chance is below 2^-127
            throw new IllegalStateException("this phrase has no key at the path of this account: make a new one");
        }
        Secp256k1.put(key, child, 0);
        return child;
    }

    private static byte[] hmac(byte[] key, byte[] data) {
        var mac = new HMac(new SHA512Digest());
        mac.init(new KeyParameter(key));
        mac.update(data, 0, data.length);
        byte[] out = new byte[64];
        mac.doFinal(out, 0);
        return out;
    }
}
