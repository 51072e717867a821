package io.infergrid.libp2p.transport;

import io.infergrid.libp2p.Multiaddr;
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

/** TCP over blocking sockets, which on virtual threads cost no platform thread. */
public final class TcpTransport {

    private static final int BACKLOG = 256;

    private TcpTransport() {}

    /** Whether the address is {@code /ip4|ip6|dns|dns4|dns6/.../tcp/...}, with or without {@code /p2p}. */
    public static boolean dials(Multiaddr address) {
        var parts = address.withoutPeer().components();
        return parts.size() == 2 && parts.get(1).protocol() == Multiaddr.Protocol.TCP && isHost(parts.get(0));
    }

    private static boolean isHost(Multiaddr.Component component) {
        return switch (component.protocol()) {
            case IP4, IP6, DNS, DNS4, DNS6 -> true;
            case TCP, UDP, P2P -> false;
        };
    }

    /** The socket addresses behind an address; asks a name server for a name. */
    public static List<InetSocketAddress> resolve(Multiaddr address) throws UnknownHostException {
        var host = address.components().getFirst();
        int port = Integer.parseInt(address.value(Multiaddr.Protocol.TCP).orElseThrow());
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

    public static ServerSocket listen(Multiaddr address) throws IOException {
        if (!dials(address)) {
            throw new IOException("listen: expected /ip4|ip6/<address>/tcp/<port>, found " + address);
        }
        var server = new ServerSocket();
        try {
            server.setReuseAddress(true);
            server.bind(resolve(address).getFirst(), BACKLOG);
            return server;
        } catch (IOException e) {
            server.close();
            throw new IOException("listen on " + address + ": " + e.getMessage(), e);
        }
    }

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
            try {
                socket.close();
            } catch (IOException e) {
                // the system has let go of it all the same
            }
        }
    }
}
