package io.infergrid.libp2p.portmap;

import io.infergrid.libp2p.codec.DecodeException;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A router that speaks PCP, or NAT-PMP where it does not, both over UDP port 5351. */
final class DatagramGateway implements Gateway {

    static final int PORT = 5351;

    private static final Duration FIRST_WAIT = Duration.ofMillis(250);
    private static final int TRIES = 4; // 250 ms, 500 ms, 1 s, 2 s; the RFCs' nine take more than a minute

    private final InetSocketAddress router;
    private final byte[] nonce = new byte[PortMessages.NONCE_BYTES];
    private volatile boolean pcp = true;

    /**
     * Speaks to nobody yet.
     *
     * @param random for the nonce that ties answers to requests, and renewals to mappings
     */
    DatagramGateway(InetSocketAddress router, RandomGenerator random) {
        this.router = router;
        random.nextBytes(nonce);
    }

    @Override
    public String name() {
        return (pcp ? "PCP" : "NAT-PMP") + " at " + router.getAddress().getHostAddress();
    }

    @Override
    public Lease map(Transport transport, int port, int wanted, Duration lifetime) throws IOException {
        if (pcp) {
            try {
                return pcpMap(transport, port, wanted, lifetime);
            } catch (PortMessages.Refused e) {
                pcp = false; // an older router, or one that would rather be asked the older way
            }
        }
        return natPmpMap(transport, port, wanted, lifetime);
    }

    @Override
    public void unmap(Transport transport, int port, int external) throws IOException {
        if (pcp) {
            pcpMap(transport, port, external, Duration.ZERO);
        } else {
            exchange(
                    _ -> PortMessages.natPmpMap(transport, port, 0, 0),
                    d -> PortMessages.natPmpMapped(d, transport, port));
        }
    }

    private Lease pcpMap(Transport transport, int port, int wanted, Duration lifetime) throws IOException {
        int seconds = Math.toIntExact(lifetime.toSeconds());
        var found = exchange(
                own -> PortMessages.pcpMap(nonce, own, transport, port, wanted, any(own), seconds),
                d -> PortMessages.pcpMapped(d, nonce, transport, port));
        return new Lease(new InetSocketAddress(found.address(), found.external()), Duration.ofSeconds(found.seconds()));
    }

    private Lease natPmpMap(Transport transport, int port, int wanted, Duration lifetime) throws IOException {
        var address = exchange(_ -> PortMessages.natPmpAddress(), PortMessages::natPmpAddress);
        int seconds = Math.toIntExact(lifetime.toSeconds());
        var found = exchange(
                _ -> PortMessages.natPmpMap(transport, port, wanted, seconds),
                d -> PortMessages.natPmpMapped(d, transport, port));
        return new Lease(new InetSocketAddress(address, found.external()), Duration.ofSeconds(found.seconds()));
    }

    private static InetAddress any(InetAddress own) {
        try {
            return InetAddress.getByAddress(new byte[own.getAddress().length]);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("zeros are an address", e);
        }
    }

    private interface Request {
        byte[] from(InetAddress own);
    }

    private interface Answer<T> {
        T read(byte[] datagram) throws IOException;
    }

    /** Sends until the router answers; answers to something else are passed over. */
    private <T> T exchange(Request request, Answer<T> answer) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.connect(router); // only the router's datagrams come in, from the address that it is asked at
            var bytes = request.from(socket.getLocalAddress());
            var wait = FIRST_WAIT;
            for (int i = 0; i < TRIES; i++, wait = wait.multipliedBy(2)) {
                socket.send(new DatagramPacket(bytes, bytes.length));
                var found = await(socket, answer, wait);
                if (found != null) {
                    return found;
                }
            }
        }
        throw new SocketTimeoutException("no answer from the router at " + router);
    }

    private static <T> @Nullable T await(DatagramSocket socket, Answer<T> answer, Duration wait) throws IOException {
        long deadline = System.nanoTime() + wait.toNanos();
        var packet = new DatagramPacket(new byte[PortMessages.MAX_BYTES], PortMessages.MAX_BYTES);
        while (true) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return null;
            }
            socket.setSoTimeout(Math.toIntExact(left));
            try {
                socket.receive(packet);
                return answer.read(Arrays.copyOf(packet.getData(), packet.getLength()));
            } catch (SocketTimeoutException e) {
                return null;
            } catch (DecodeException e) {
                packet.setLength(PortMessages.MAX_BYTES); // an answer to something else
            }
        }
    }
}
