package io.infergrid.libp2p;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/** A range of IP addresses, e.g. {@code 203.0.113.0/24} or {@code 2001:db8::/48}. */
public final class Network {

    private final byte[] prefix; // bits beyond the length are zero
    private final int bits;

    private Network(byte[] address, int bits) {
        this.bits = bits;
        prefix = masked(address, bits);
    }

    /** The address alone, or for IPv6 its /56, which is what one household gets. */
    public static Network around(InetAddress address) {
        var bytes = address.getAddress();
        return new Network(bytes, bytes.length == 16 ? 56 : 32);
    }

    /**
     * Reads {@code <address>/<bits>} or an address alone.
     *
     * @throws IllegalArgumentException if the text is no such range
     */
    public static Network parse(String text) {
        int slash = text.indexOf('/');
        try {
            var address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash))
                    .getAddress();
            int bits = slash < 0 ? 8 * address.length : Integer.parseInt(text.substring(slash + 1));
            if (bits >= 0 && bits <= 8 * address.length) {
                return new Network(address, bits);
            }
        } catch (IllegalArgumentException e) {
            // said below
        }
        throw new IllegalArgumentException("network: expected <address>/<bits>, found '" + text + "'");
    }

    public boolean contains(InetAddress address) {
        var bytes = address.getAddress();
        return bytes.length == prefix.length && Arrays.equals(masked(bytes, bits), prefix);
    }

    private static byte[] masked(byte[] address, int bits) {
        var result = address.clone();
        for (int i = 0; i < result.length; i++) {
            int kept = Math.clamp(bits - 8L * i, 0, 8);
            result[i] &= (byte) (0xff00 >> kept);
        }
        return result;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Network that && bits == that.bits && Arrays.equals(prefix, that.prefix);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(prefix) + bits;
    }

    @Override
    public String toString() {
        try {
            return InetAddress.getByAddress(prefix).getHostAddress() + "/" + bits;
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
