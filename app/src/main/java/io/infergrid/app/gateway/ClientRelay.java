package io.infergrid.app.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands between clients and the JDK's HTTP server, on loopback, and passes bytes on. It reads what clients send while their answer is
 * being made, which the server does not, and so knows of a client that has left before anything is written to it. A client that only ends
 * its own direction counts as one that left, as it does for other servers; what is answered is still passed to it. Thread-safe.
 */
final class ClientRelay implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ClientRelay.class);
    private static final int MOST_CONNECTIONS = 256;
    private static final int BUFFER_BYTES = 16 * 1024;

    private final InetSocketAddress server;
    private final ServerSocket door;
    private final Semaphore room = new Semaphore(MOST_CONNECTIONS);
    /** By the port from which this relay reaches the server, which the server takes for the client's. */
    private final Map<Integer, Connection> connections = new ConcurrentHashMap<>();

    private static final class Connection {
        private final Socket client;
        private final Socket inside;
        private volatile boolean left;

        Connection(Socket client, Socket inside) {
            this.client = client;
            this.inside = inside;
        }

        void close() {
            quietly(client);
            quietly(inside);
        }
    }

    /**
     * @param port to listen at on 127.0.0.1; 0 for any free one
     * @param server where to pass everything on to
     * @throws IOException if the port is taken
     */
    ClientRelay(int port, InetSocketAddress server) throws IOException {
        this.server = server;
        door = new ServerSocket();
        try {
            door.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 64);
        } catch (IOException taken) {
            door.close();
            throw taken;
        }
        Thread.ofVirtual().name("local-api-door").start(this::accept);
    }

    int port() {
        return door.getLocalPort();
    }

    /** Whether the client has left that the server sees at this address. */
    boolean left(InetSocketAddress seenByServer) {
        Connection connection = connections.get(seenByServer.getPort());
        return connection == null || connection.left;
    }

    private void accept() {
        while (!door.isClosed()) {
            try {
                Socket client = door.accept();
                if (room.tryAcquire()) {
                    Thread.ofVirtual().name("local-api-client").start(() -> relay(client));
                } else {
                    quietly(client); // more than any program here needs
                }
            } catch (IOException e) {
                LOG.debug("no client: {}", e.getMessage());
            }
        }
    }

    private void relay(Socket client) {
        try (client;
                Socket inside = new Socket()) {
            client.setTcpNoDelay(true);
            inside.setTcpNoDelay(true);
            inside.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = inside.getLocalPort();
            var connection = new Connection(client, inside);
            connections.put(port, connection);
            try {
                inside.connect(server);
                Thread up = Thread.ofVirtual().name("local-api-requests").start(() -> requests(connection));
                copy(inside.getInputStream(), client.getOutputStream());
                connection.close();
                up.join();
            } finally {
                connections.remove(port);
            }
        } catch (IOException gone) {
            LOG.debug("client left: {}", gone.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            room.release();
        }
    }

    private static void requests(Connection connection) {
        try {
            copy(connection.client.getInputStream(), connection.inside.getOutputStream());
            connection.left = true;
            connection.inside.shutdownOutput();
        } catch (IOException gone) {
            connection.left = true;
            connection.close();
        }
    }

    private static void copy(InputStream from, OutputStream to) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int read; (read = from.read(buffer)) >= 0; ) {
            to.write(buffer, 0, read);
        }
    }

    private static void quietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            door.close();
        } catch (IOException e) {
            LOG.debug("closing: {}", e.getMessage());
        }
        connections.values().forEach(Connection::close);
    }
}
