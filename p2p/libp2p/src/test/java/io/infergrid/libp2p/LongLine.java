package io.infergrid.libp2p;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;

/** A relay on the loopback interface that gives every byte on a fixed time after it came, as a long line with much bandwidth does. */
public final class LongLine implements AutoCloseable {

    private static final int PIECE = 128 * 1024;

    private final ServerSocket server;
    private final InetSocketAddress target;
    private final Duration oneWay;

    public LongLine(Multiaddr target, Duration roundTrip) throws IOException {
        this.target = new InetSocketAddress(
                target.ip().orElseThrow(),
                Integer.parseInt(target.value(Multiaddr.Protocol.TCP).orElseThrow()));
        oneWay = roundTrip.dividedBy(2);
        server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    /** Where the line begins. */
    public Multiaddr address() {
        return Multiaddr.tcp((InetSocketAddress) server.getLocalSocketAddress());
    }

    private void accept() {
        try {
            while (true) {
                var near = server.accept();
                var far = new Socket(target.getAddress(), target.getPort());
                near.setTcpNoDelay(true);
                far.setTcpNoDelay(true);
                carry(near, far);
                carry(far, near);
            }
        } catch (IOException e) {
            // closed
        }
    }

    private record Piece(byte[] bytes, long due) implements Delayed {

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(due - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(due, ((Piece) other).due);
        }
    }

    private void carry(Socket from, Socket to) {
        var line = new DelayQueue<Piece>();
        Thread.ofVirtual().start(() -> {
            var bytes = new byte[PIECE];
            try {
                for (int n; (n = from.getInputStream().read(bytes)) >= 0; ) {
                    line.add(new Piece(Arrays.copyOf(bytes, n), System.nanoTime() + oneWay.toNanos()));
                }
            } catch (IOException e) {
                // the other direction closed it
            }
            line.add(new Piece(new byte[0], System.nanoTime() + oneWay.toNanos()));
        });
        Thread.ofVirtual().start(() -> {
            try (from;
                    to) {
                for (Piece piece; (piece = line.take()).bytes().length > 0; ) {
                    to.getOutputStream().write(piece.bytes());
                }
            } catch (IOException | InterruptedException e) {
                // the other direction closed it
            }
        });
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
