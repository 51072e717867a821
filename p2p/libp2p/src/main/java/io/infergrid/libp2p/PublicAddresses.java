package io.infergrid.libp2p;

import java.net.InetAddress;

/** Which IP addresses the internet routes (IANA's special-purpose registries, RFC 6890). */
public final class PublicAddresses {

    private PublicAddresses() {}

    /** Whether the address starts with an IP address that the internet routes and does not lead through a relay. */
    public static boolean isPublic(Multiaddr address) {
        return !address.isRelayed()
                && address.ip().map(PublicAddresses::isPublic).orElse(false);
    }

    public static boolean isPublic(InetAddress address) {
        var b = address.getAddress();
        return b.length == 4 ? four(b[0] & 0xff, b[1] & 0xff, b[2] & 0xff) : six(b);
    }

    private static boolean four(int a, int b, int c) {
        boolean special = a == 0
                || a == 10
                || a == 100 && b >= 64 && b < 128 // shared by a provider's customers
                || a == 127
                || a == 169 && b == 254
                || a == 172 && b >= 16 && b < 32
                || a == 192 && b == 0 && (c == 0 || c == 2)
                || a == 192 && b == 88 && c == 99
                || a == 192 && b == 168
                || a == 198 && (b == 18 || b == 19 || b == 51 && c == 100)
                || a == 203 && b == 0 && c == 113
                || a >= 224;
        return !special;
    }

    private static boolean six(byte[] b) {
        boolean global = (b[0] & 0xe0) == 0x20; // 2000::/3
        boolean documentation = b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && (b[3] & 0xff) == 0xb8;
        return global && !documentation;
    }
}
