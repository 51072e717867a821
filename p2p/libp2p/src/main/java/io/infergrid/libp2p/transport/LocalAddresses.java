package io.infergrid.libp2p.transport;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where this machine can be dialled on a bound socket. */
public final class LocalAddresses {

    private static final Logger LOG = LoggerFactory.getLogger(LocalAddresses.class);

    private LocalAddresses() {}

    /** The bound address itself; a wildcard stands for the addresses of every interface that is up. */
    public static List<InetSocketAddress> of(InetSocketAddress bound) {
        if (!bound.getAddress().isAnyLocalAddress()) {
            return List.of(bound);
        }
        boolean six = bound.getAddress().getAddress().length == 16;
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(LocalAddresses::isUp)
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(ip -> !ip.isLinkLocalAddress() && (six || ip.getAddress().length == 4))
                    .map(ip -> new InetSocketAddress(ip, bound.getPort()))
                    .toList();
        } catch (SocketException e) {
            LOG.warn("this system does not tell its addresses, so only loopback is announced: {}", e.getMessage());
            return List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), bound.getPort()));
        }
    }

    private static boolean isUp(NetworkInterface network) {
        try {
            return network.isUp();
        } catch (SocketException e) {
            return false;
        }
    }
}
