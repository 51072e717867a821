package io.infergrid.libp2p.transport;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** TCP over blocking sockets, which on virtual threads cost no platform thread. */
public final class TcpTransport implements Transport {

    private static final Logger LOG = LoggerFactory.getLogger(TcpTransport.class);
    private static final int BACKLOG = 1024;
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

    private final Duration connectLimit;
    private final List<TcpListening> listenings = new CopyOnWriteArrayList<>();

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

    /** Whether it is {@code /ip4|ip6|dns|dns4|dns6/.../tcp/...} and nothing more but {@code /p2p}. */
    public static boolean isTcp(Multiaddr address) {
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
                return connect(target, limit.compareTo(connectLimit) < 0 ? limit : connectLimit);
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    /**
     * From the port that is listened on where the system allows, so that a NAT shows us to everybody under one address, which is what
     * hole punching needs; from any other if that one leads there already.
     */
    private RawConnection connect(InetSocketAddress target, Duration limit) throws IOException {
        var own = listeningFor(target.getAddress());
        if (own.isPresent()) {
            try {
                return connect(target, own.get(), limit);
            } catch (BindException e) {
                LOG.debug("{} is not dialled from {}: {}", target, own.get(), e.getMessage());
            }
        }
        return dial(target, limit);
    }

    private Optional<InetSocketAddress> listeningFor(InetAddress target) {
        if (target.isLoopbackAddress()) {
            return Optional.empty();
        }
        int family = target.getAddress().length;
        return listenings.stream()
                .filter(TcpListening::shared)
                .map(l -> (InetSocketAddress) l.server.getLocalSocketAddress())
                .filter(a -> a != null
                        && (a.getAddress().isAnyLocalAddress() || a.getAddress().getAddress().length == family))
                .findFirst();
    }

    private static RawConnection connect(InetSocketAddress target, InetSocketAddress from, Duration limit)
            throws IOException {
        var socket = new Socket();
        try {
            socket.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            socket.bind(from);
            return connected(socket, target, limit);
        } catch (BindException e) {
            socket.close();
            throw e;
        } catch (IOException e) {
            socket.close();
            throw new IOException("dial " + Multiaddr.tcp(target) + ": " + e.getMessage(), e);
        }
    }

    /** Connects to one socket address, from any port. */
    public static RawConnection dial(InetSocketAddress address, Duration limit) throws IOException {
        var socket = new Socket();
        try {
            return connected(socket, address, limit);
        } catch (IOException e) {
            socket.close();
            throw new IOException("dial " + Multiaddr.tcp(address) + ": " + e.getMessage(), e);
        }
    }

    private static RawConnection connected(Socket socket, InetSocketAddress target, Duration limit) throws IOException {
        socket.connect(target, Math.toIntExact(Math.max(1, limit.toMillis())));
        return wrap(socket);
    }

    @Override
    public Listening listen(Multiaddr address, Acceptor acceptor) throws IOException {
        if (!isTcp(address)) {
            throw new IOException("listen: expected /ip4|ip6/<address>/tcp/<port>, found " + address);
        }
        var wanted = resolve(address).getFirst();
        var server = new ServerSocket();
        boolean shared = !wanted.getAddress().isLoopbackAddress()
                && server.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT);
        try {
            server.setReuseAddress(true);
            if (shared) {
                expectFree(wanted);
                server.setOption(StandardSocketOptions.SO_REUSEPORT, true); // so that we can dial from it
            }
            server.bind(wanted, BACKLOG);
        } catch (IOException e) {
            server.close();
            throw new IOException("listen on " + address + ": " + e.getMessage(), e);
        }
        var listening = new TcpListening(server, shared, acceptor, listenings);
        listenings.add(listening);
        Thread.ofVirtual().name("libp2p-accept-" + server.getLocalPort()).start(listening::acceptAll);
        return listening;
    }

    /** A shared port could be bound a second time by mistake, so it is first bound as nobody shares it. */
    private static void expectFree(InetSocketAddress wanted) throws IOException {
        try (var probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(wanted);
        }
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

    /**
     * A bound port.
     *
     * @param shared whether dials may go out from it too
     * @param all those that are open, this one among them
     */
    private record TcpListening(ServerSocket server, boolean shared, Acceptor acceptor, List<TcpListening> all)
            implements Listening {

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
            all.removeIf(l -> l.server == server);
            try {
                server.close();
            } catch (IOException e) {
                LOG.debug("closing port {}: {}", server.getLocalPort(), e.getMessage());
            }
        }
    }
}
