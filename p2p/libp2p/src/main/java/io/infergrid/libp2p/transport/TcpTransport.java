package io.infergrid.libp2p.transport;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** TCP over blocking sockets, which on virtual threads cost no platform thread. */
public final class TcpTransport implements Transport {

    private static final Logger LOG = LoggerFactory.getLogger(TcpTransport.class);
    private static final int BACKLOG = 1024;
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

    private final Duration connectLimit;

    /**
     * @param connectLimit longest time to wait for one address to answer
     */
    public TcpTransport(Duration connectLimit) {
        this.connectLimit = connectLimit;
    }

    /** {@code /ip4|ip6|dns|dns4|dns6/.../tcp/...}, with or without {@code /p2p}. */
    @Override
    public boolean dials(Multiaddr address) {
        return isTcp(address);
    }

    private static boolean isTcp(Multiaddr address) {
        var parts = address.withoutPeer().components();
        return parts.size() == 2 && parts.get(1).protocol() == Multiaddr.Protocol.TCP && isHost(parts.get(0));
    }

    private static boolean isHost(Multiaddr.Component component) {
        return switch (component.protocol()) {
            case IP4, IP6, DNS, DNS4, DNS6 -> true;
            default -> false;
        };
    }

    /** The socket addresses behind an address; asks a name server for a name. */
    public static List<InetSocketAddress> resolve(Multiaddr address) throws UnknownHostException {
        var host = address.components().getFirst();
        var transport = address.value(Multiaddr.Protocol.TCP).or(() -> address.value(Multiaddr.Protocol.UDP));
        int port = Integer.parseInt(transport.orElseThrow());
        Optional<InetAddress> literal = address.ip();
        var found = literal.isPresent() ? new InetAddress[] {literal.get()} : InetAddress.getAllByName(host.value());
        var result = new ArrayList<InetSocketAddress>();
        for (var ip : found) {
            boolean four = ip.getAddress().length == 4;
            if (!(host.protocol() == Multiaddr.Protocol.DNS4 && !four)
                    && !(host.protocol() == Multiaddr.Protocol.DNS6 && four)) {
                result.add(new InetSocketAddress(ip, port));
            }
        }
        return result;
    }

    @Override
    public Link dial(Multiaddr address, PeerId expected, Duration limit) throws IOException {
        IOException last = new IOException(address + ": the name has no address");
        for (var target : resolve(address)) {
            try {
                return dial(target, limit.compareTo(connectLimit) < 0 ? limit : connectLimit);
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    /** Connects to one socket address. */
    public static RawConnection dial(InetSocketAddress address, Duration limit) throws IOException {
        var socket = new Socket();
        try {
            socket.connect(address, Math.toIntExact(Math.max(1, limit.toMillis())));
            return wrap(socket);
        } catch (IOException e) {
            socket.close();
            throw new IOException("dial " + Multiaddr.tcp(address) + ": " + e.getMessage(), e);
        }
    }

    @Override
    public Listening listen(Multiaddr address, Acceptor acceptor) throws IOException {
        if (!isTcp(address)) {
            throw new IOException("listen: expected /ip4|ip6/<address>/tcp/<port>, found " + address);
        }
        var server = new ServerSocket();
        try {
            server.setReuseAddress(true);
            server.bind(resolve(address).getFirst(), BACKLOG);
        } catch (IOException e) {
            server.close();
            throw new IOException("listen on " + address + ": " + e.getMessage(), e);
        }
        var listening = new TcpListening(server, acceptor);
        Thread.ofVirtual().name("libp2p-accept-" + server.getLocalPort()).start(listening::acceptAll);
        return listening;
    }

    /** Takes over a connected socket; the caller closes it if this throws. */
    public static RawConnection wrap(Socket socket) throws IOException {
        socket.setTcpNoDelay(true);
        var remote = Multiaddr.tcp((InetSocketAddress) socket.getRemoteSocketAddress());
        return new TcpConnection(socket, new WireInput(socket.getInputStream()), socket.getOutputStream(), remote);
    }

    private record TcpConnection(Socket socket, WireInput in, OutputStream out, Multiaddr remoteAddress)
            implements RawConnection {

        @Override
        public void closeOutput() throws IOException {
            socket.shutdownOutput();
        }

        @Override
        public void close() {
            closeQuietly(socket);
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing a connection: {}", e.getMessage()); // the system has let go of it all the same
        }
    }

    private record TcpListening(ServerSocket server, Acceptor acceptor) implements Listening {

        @Override
        public Multiaddr bound() {
            return Multiaddr.tcp((InetSocketAddress) server.getLocalSocketAddress());
        }

        @Override
        public List<Multiaddr> addresses() {
            return LocalAddresses.of((InetSocketAddress) server.getLocalSocketAddress()).stream()
                    .map(Multiaddr::tcp)
                    .toList();
        }

        void acceptAll() {
            while (!server.isClosed()) {
                try {
                    admit(server.accept());
                } catch (IOException e) {
                    if (!server.isClosed()) {
                        // out of file descriptors, most likely; those that end make room
                        LOG.warn("could not accept on port {}: {}", server.getLocalPort(), e.getMessage());
                        pause();
                    }
                }
            }
        }

        private void admit(Socket socket) {
            var address = (InetSocketAddress) socket.getRemoteSocketAddress();
            var arrival = address == null ? Optional.<Arrival>empty() : acceptor.knock(Multiaddr.tcp(address));
            if (arrival.isEmpty()) {
                closeQuietly(socket);
                return;
            }
            try {
                arrival.get().accept(wrap(socket));
            } catch (IOException e) {
                closeQuietly(socket);
                arrival.get().failed(e);
            }
        }

        private static void pause() {
            try {
                Thread.sleep(ACCEPT_PAUSE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() {
            try {
                server.close();
            } catch (IOException e) {
                LOG.debug("closing port {}: {}", server.getLocalPort(), e.getMessage());
            }
        }
    }
}
