package io.infergrid.libp2p.mdns;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says on the local network that this host is there, and hears of others. Over IPv4 multicast on every interface that is up; asks
 * after 1, 2, 4, ... seconds and then once an interval. Runs two virtual threads until it is closed.
 */
public final class Mdns implements AutoCloseable {

    /** The service of public libp2p networks. */
    public static final String PUBLIC_TAG = "_p2p._udp.local";

    private static final Logger LOG = LoggerFactory.getLogger(Mdns.class);
    private static final String NAME_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static final int NAME_LENGTH = 32;
    private static final int HOPS = 255; // RFC 6762, section 11

    /**
     * How a host is found.
     *
     * @param tag name of the service; only those with the same find each other
     * @param group IPv4 multicast address
     * @param port of the group
     * @param interval between two queries, once it has been there for a while
     * @param packetsPerSecond that are looked at; more are dropped unread
     */
    public record Settings(String tag, InetAddress group, int port, Duration interval, int packetsPerSecond) {

        /** The public service at its usual place. */
        public static Settings usual() {
            try {
                var group = InetAddress.getByAddress(new byte[] {(byte) 224, 0, 0, (byte) 251});
                return new Settings(PUBLIC_TAG, group, 5353, Duration.ofSeconds(30), 100);
            } catch (UnknownHostException e) {
                throw new IllegalStateException("four bytes are an IPv4 address", e);
            }
        }

        public Settings withTag(String other) {
            return new Settings(other, group, port, interval, packetsPerSecond);
        }

        public Settings withPort(int other) {
            return new Settings(tag, group, other, interval, packetsPerSecond);
        }
    }

    /**
     * The service of a private network, so that its peers do not bother others.
     *
     * @param fingerprint of its key, up to 29 bytes
     */
    public static String privateTag(byte[] fingerprint) {
        return "_p2p-" + HexFormat.of().formatHex(fingerprint) + "._udp.local";
    }

    private final Host host;
    private final Settings settings;
    private final BiConsumer<PeerId, List<Multiaddr>> found;
    private final Discovery discovery;
    private final DatagramChannel channel;
    private final List<NetworkInterface> networks = new ArrayList<>();
    private final ReentrantLock sending = new ReentrantLock();
    private final Thread asking;
    private volatile boolean closed;

    private Mdns(
            Host host,
            Settings settings,
            InstantSource clock,
            RandomGenerator random,
            BiConsumer<PeerId, List<Multiaddr>> found)
            throws IOException {
        this.host = host;
        this.settings = settings;
        this.found = found;
        discovery = new Discovery(settings.tag(), name(random), host.peerId(), settings.packetsPerSecond(), clock);
        channel = DatagramChannel.open(StandardProtocolFamily.INET);
        try {
            join();
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        asking = Thread.ofVirtual().name("mdns-ask").unstarted(this::ask);
    }

    /**
     * Begins to ask and to answer.
     *
     * @param found told of each peer that turns up, of one that moved, and once a minute of one that is still there; on a thread of its
     *     own, and nothing in it is proved
     * @throws IOException if the port is taken or no interface can do multicast
     */
    public static Mdns start(
            Host host,
            Settings settings,
            InstantSource clock,
            RandomGenerator random,
            BiConsumer<PeerId, List<Multiaddr>> found)
            throws IOException {
        var mdns = new Mdns(host, settings, clock, random, found);
        Thread.ofVirtual().name("mdns-hear").start(mdns::hear);
        mdns.asking.start();
        return mdns;
    }

    private static String name(RandomGenerator random) {
        var name = new StringBuilder();
        for (int i = 0; i < NAME_LENGTH; i++) {
            name.append(NAME_LETTERS.charAt(random.nextInt(NAME_LETTERS.length())));
        }
        return name.toString();
    }

    private void join() throws IOException {
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        if (channel.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)) {
            channel.setOption(StandardSocketOptions.SO_REUSEPORT, true); // macOS wants it to share the port
        }
        channel.setOption(StandardSocketOptions.IP_MULTICAST_TTL, HOPS);
        channel.setOption(StandardSocketOptions.IP_MULTICAST_LOOP, true);
        channel.bind(new InetSocketAddress(settings.port()));
        for (var network : NetworkInterface.networkInterfaces().toList()) {
            if (speaksMulticast(network)) {
                try {
                    channel.join(settings.group(), network);
                    networks.add(network);
                } catch (IOException e) {
                    LOG.debug("mDNS: {} cannot be joined: {}", network.getName(), e.getMessage());
                }
            }
        }
        if (networks.isEmpty()) {
            throw new IOException("mDNS: expected a network interface that can do multicast, found none");
        }
    }

    private static boolean speaksMulticast(NetworkInterface network) {
        try {
            return network.isUp()
                    && network.supportsMulticast()
                    && network.inetAddresses().anyMatch(Inet4Address.class::isInstance);
        } catch (SocketException e) {
            return false; // it went meanwhile
        }
    }

    private void ask() {
        var query = discovery.query().encode(Discovery.SECONDS);
        try {
            for (var pause = Duration.ofSeconds(1); !closed; pause = pause.multipliedBy(2)) {
                send(query);
                Thread.sleep(pause.compareTo(settings.interval()) < 0 ? pause : settings.interval());
                pause = pause.compareTo(settings.interval()) < 0 ? pause : settings.interval();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sends on every interface. */
    private void send(byte[] packet) {
        sending.lock();
        try {
            var to = new InetSocketAddress(settings.group(), settings.port());
            for (var network : networks) {
                try {
                    channel.setOption(StandardSocketOptions.IP_MULTICAST_IF, network);
                    channel.send(ByteBuffer.wrap(packet), to);
                } catch (ClosedChannelException e) {
                    return;
                } catch (IOException e) {
                    LOG.debug("mDNS: nothing goes out on {}: {}", network.getName(), e.getMessage());
                }
            }
        } finally {
            sending.unlock();
        }
    }

    private void hear() {
        var buffer = ByteBuffer.allocate(DnsMessage.MAX_BYTES + 1); // one more, to tell a longer one
        while (!closed) {
            try {
                buffer.clear();
                if (channel.receive(buffer) instanceof InetSocketAddress from) {
                    buffer.flip();
                    take(buffer, from.getAddress());
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (DecodeException e) {
                host.counters().count(Event.MDNS_DROPPED);
                LOG.debug("mDNS: {}", e.getMessage());
            } catch (IOException e) {
                LOG.debug("mDNS: {}", e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("mDNS: a packet failed", e);
            }
        }
    }

    private void take(ByteBuffer buffer, InetAddress from) throws IOException {
        if (!discovery.admits()) {
            host.counters().count(Event.MDNS_DROPPED);
            return;
        }
        var packet = new byte[buffer.remaining()];
        buffer.get(packet);
        boolean own = from.isLoopbackAddress() || NetworkInterface.getByInetAddress(from) != null;
        var outcome = discovery.take(packet, from, own, settings.group(), host.addresses());
        outcome.answer().ifPresent(answer -> send(answer.encode(Discovery.SECONDS)));
        outcome.found()
                .ifPresent(peer -> Thread.ofVirtual()
                        .name("mdns-found " + peer.peer())
                        .start(() -> found.accept(peer.peer(), peer.addresses())));
    }

    @Override
    public void close() {
        closed = true;
        asking.interrupt();
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("mDNS: closing: {}", e.getMessage());
        }
    }
}
