package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.Multiaddr;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How far an address reaches, narrow first. What a peer tells of others is believed no more narrowly than it is itself: a peer on the
 * Internet that names 192.168.0.1 would have us knock on doors of our own network.
 */
public enum AddressScope {
    LOOPBACK,
    PRIVATE,
    PUBLIC;

    /** The scope of an address that begins with an IP; a name is public, an address of neither kind as well. */
    public static AddressScope of(Multiaddr address) {
        return address.ip().map(AddressScope::of).orElse(PUBLIC);
    }

    public static AddressScope of(InetAddress ip) {
        if (ip.isLoopbackAddress() || ip.isAnyLocalAddress()) {
            return LOOPBACK;
        }
        byte[] b = ip.getAddress();
        boolean local = ip.isSiteLocalAddress() || ip.isLinkLocalAddress();
        boolean shared = b.length == 4 && (b[0] & 0xff) == 100 && (b[1] & 0xc0) == 64; // RFC 6598
        boolean unique = b.length == 16 && (b[0] & 0xfe) == 0xfc; // RFC 4193
        return local || shared || unique ? PRIVATE : PUBLIC;
    }

    /** Those of {@code addresses} that one who is reached at {@code teller} may tell of; multicast is nobody's address. */
    public static List<Multiaddr> believed(List<Multiaddr> addresses, Multiaddr teller) {
        var narrowest = of(teller);
        return addresses.stream()
                .filter(a -> of(a).compareTo(narrowest) >= 0
                        && a.ip().filter(InetAddress::isMulticastAddress).isEmpty())
                .toList();
    }

    /**
     * The network that an address is of, for telling whether many peers are one: the /24 of IPv4, the /48 of IPv6. Null on a local
     * network, where all are in one.
     */
    public static @Nullable Object network(Multiaddr address) {
        Optional<InetAddress> ip = address.ip();
        if (ip.isEmpty()) {
            return address.components().stream().limit(2).toList().toString();
        }
        if (of(ip.get()) != PUBLIC) {
            return null;
        }
        var bytes = ip.get().getAddress();
        return ip.get() instanceof Inet4Address
                ? (bytes[0] & 0xff) + "." + (bytes[1] & 0xff) + "." + (bytes[2] & 0xff) + ".0/24"
                : Arrays.toString(Arrays.copyOf(bytes, 6)) + "/48";
    }
}
