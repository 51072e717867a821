package io.infergrid.libp2p.quic;

import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.Multiaddr.Protocol;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.tls.OwnCertificate;
import io.infergrid.libp2p.tls.PeerCertificate;
import io.infergrid.libp2p.transport.Link;
import io.infergrid.libp2p.transport.LocalAddresses;
import io.infergrid.libp2p.transport.MemoryBudget;
import io.infergrid.libp2p.transport.SecuredSession;
import io.infergrid.libp2p.transport.TcpTransport;
import io.infergrid.libp2p.transport.Transport;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicCodecBuilder;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.security.cert.CertificateEncodingException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * QUIC version 1 at addresses like {@code /ip4/192.0.2.7/udp/4001/quic-v1}. Give it to a host beside TCP:
 *
 * <pre>{@code
 * var builder = new HostBuilder().listen("/ip4/0.0.0.0/tcp/4001");
 * if (QuicTransport.unavailable().isEmpty()) {
 *     builder.transport(QuicTransport.factory()).listen("/ip4/0.0.0.0/udp/4001/quic-v1");
 * }
 * }</pre>
 *
 * A connection costs one round trip, a stream none. Thread-safe.
 */
public final class QuicTransport implements Transport {

    private static final Logger LOG = LoggerFactory.getLogger(QuicTransport.class);
    private static final String APPLICATION = "libp2p";
    private static final int DATAGRAM_QUEUE = 4; // signs of life
    private static final int SOCKET_BUFFER_BYTES = 4 << 20;
    private static final Duration GOODBYE = Duration.ofSeconds(2);
    private static final AttributeKey<QuicSession> SESSION = AttributeKey.valueOf("libp2p-session");

    private final Limits hostLimits;
    private final MemoryBudget memory;
    private final QuicLimits limits;
    private final EngineTrust trust = new EngineTrust(InstantSource.system());
    private final QuicSslContext clientTls;
    private final QuicSslContext serverTls;
    private final MultiThreadIoEventLoopGroup threads;

    private QuicTransport(Setting setting, QuicLimits limits) throws IOException {
        this(setting, limits, OwnCertificate.create(setting.identity(), Instant.now()));
    }

    QuicTransport(Setting setting, QuicLimits limits, OwnCertificate own) throws IOException {
        var missing = unavailable();
        if (missing.isPresent()) {
            throw new IOException(missing.get());
        }
        hostLimits = setting.limits();
        memory = setting.memory();
        this.limits = limits;
        clientTls = QuicSslContextBuilder.forClient()
                .keyManager(own.key(), null, own.certificate())
                .trustManager(trust)
                .applicationProtocols(APPLICATION)
                .earlyData(false)
                .build();
        serverTls = QuicSslContextBuilder.forServer(own.key(), null, own.certificate())
                .trustManager(trust)
                .clientAuth(ClientAuth.REQUIRE)
                .applicationProtocols(APPLICATION)
                .earlyData(false)
                .sessionCacheSize(1)
                .sessionTimeout(1)
                .build();
        threads = new MultiThreadIoEventLoopGroup(
                limits.threads(),
                Thread.ofPlatform().daemon().name("libp2p-quic-", 0).factory(),
                NioIoHandler.newFactory());
    }

    /** For {@code HostBuilder.transport}. */
    public static Factory factory() {
        return factory(QuicLimits.DEFAULT);
    }

    public static Factory factory(QuicLimits limits) {
        return setting -> new QuicTransport(setting, limits);
    }

    /** Why QUIC cannot be used on this machine, most likely since its native library is not there; empty if it can. */
    public static Optional<String> unavailable() {
        if (Quic.isAvailable()) {
            return Optional.empty();
        }
        var cause = Quic.unavailabilityCause();
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return Optional.of("QUIC is not available: no native library for " + System.getProperty("os.name") + " on "
                + System.getProperty("os.arch") + " could be loaded (" + cause.getMessage() + ")");
    }

    /** The address of QUIC at the same port as one of TCP; empty if it is none of TCP. */
    public static Optional<Multiaddr> beside(Multiaddr tcp) {
        var parts = tcp.withoutPeer().components();
        return parts.size() == 2 && parts.get(1).protocol() == Protocol.TCP
                ? Optional.of(Multiaddr.parse("/" + parts.getFirst().protocol() + "/"
                        + parts.getFirst().value() + "/udp/" + parts.get(1).value() + "/quic-v1"))
                : Optional.empty();
    }

    /** {@code /ip4|ip6|dns|dns4|dns6/.../udp/.../quic-v1}, with or without {@code /p2p}. */
    @Override
    public boolean dials(Multiaddr address) {
        var parts = address.withoutPeer().components();
        return parts.size() == 3
                && parts.get(1).protocol() == Protocol.UDP
                && parts.get(2).protocol() == Protocol.QUIC_V1
                && switch (parts.getFirst().protocol()) {
                    case IP4, IP6, DNS, DNS4, DNS6 -> true;
                    default -> false;
                };
    }

    private <B extends QuicCodecBuilder<B>> B configured(B builder) {
        return builder.maxIdleTimeout(limits.idle().toMillis(), TimeUnit.MILLISECONDS)
                .initialMaxData(limits.connectionWindow())
                .initialMaxStreamDataBidirectionalLocal(limits.streamWindow())
                .initialMaxStreamDataBidirectionalRemote(limits.streamWindow())
                .initialMaxStreamsBidirectional(hostLimits.yamux().inboundStreams())
                .initialMaxStreamsUnidirectional(0)
                .maxSendUdpPayloadSize(limits.datagramBytes())
                .maxRecvUdpPayloadSize(65_527)
                .discoverPmtu(limits.datagramBytes() > 1200)
                .datagram(DATAGRAM_QUEUE, DATAGRAM_QUEUE)
                // the signatures of a handshake would hold up the packets of everyone else
                .sslTaskExecutor(
                        task -> Thread.ofVirtual().name("libp2p-quic-tls").start(task));
    }

    private QuicSession session(QuicChannel channel) {
        var session = new QuicSession(
                channel,
                limits,
                memory.part(hostLimits.memory().connectionBytes()),
                hostLimits.yamux().linger());
        channel.attr(SESSION).set(session);
        return session;
    }

    /** Gives each stream that the peer opens to the session of its connection. */
    private static ChannelHandler streams() {
        return new ChannelInitializer<QuicStreamChannel>() {
            @Override
            protected void initChannel(QuicStreamChannel stream) {
                stream.parent().attr(SESSION).get().opened(stream);
            }
        };
    }

    private static PeerId remote(QuicChannel channel) throws IOException {
        var engine = Objects.requireNonNull(channel.sslEngine());
        try {
            return PeerCertificate.identity(
                            engine.getSession().getPeerCertificates()[0].getEncoded())
                    .peerId();
        } catch (SSLPeerUnverifiedException | CertificateEncodingException e) {
            throw new IOException("quic: expected the peer's certificate, found none", e);
        }
    }

    private static Bootstrap datagrams(MultiThreadIoEventLoopGroup threads, ChannelHandler handler) {
        return new Bootstrap()
                .group(threads)
                .channel(NioDatagramChannel.class)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.SO_RCVBUF, SOCKET_BUFFER_BYTES)
                .option(ChannelOption.SO_SNDBUF, SOCKET_BUFFER_BYTES)
                .handler(handler);
    }

    // ---- dialling ----

    @Override
    public Link dial(Multiaddr address, PeerId expected, Duration limit) throws IOException {
        long until = System.nanoTime() + limit.toNanos();
        IOException last = new IOException(address + ": the name has no address");
        for (var target : TcpTransport.resolve(address)) {
            try {
                return dial(target, expected, Duration.ofNanos(until - System.nanoTime()));
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    private SecuredSession dial(InetSocketAddress target, PeerId expected, Duration limit) throws IOException {
        var address = Multiaddr.quic(target);
        var engine = clientTls.newEngine(PooledByteBufAllocator.DEFAULT);
        trust.expect(engine, expected);
        var codec = configured(new QuicClientCodecBuilder())
                .sslEngineProvider(_ -> engine)
                .build();
        // A socket for each: it ends with the connection, and its packets come to one thread.
        var socket = await(datagrams(threads, codec).bind(wildcard(target.getAddress())), limit, address);
        if (socket == null) {
            throw new SocketTimeoutException("no socket to dial " + address + " within " + limit);
        }
        try {
            return connect(socket, target, address, limit);
        } catch (IOException | RuntimeException e) {
            Future<?> _ = socket.close();
            var refused = trust.forget(engine);
            if (refused != null) {
                throw refused;
            }
            throw e;
        } finally {
            trust.forget(engine);
        }
    }

    private static void close(Channel channel) {
        Future<?> _ = channel.close();
    }

    private static InetSocketAddress wildcard(InetAddress like) throws IOException {
        return new InetSocketAddress(InetAddress.getByAddress(new byte[like.getAddress().length]), 0);
    }

    private SecuredSession connect(Channel socket, InetSocketAddress target, Multiaddr address, Duration limit)
            throws IOException {
        Future<QuicChannel> connecting = QuicChannel.newBootstrap(socket)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(Math.max(1, limit.toMillis())))
                .handler(new ChannelInitializer<QuicChannel>() {
                    @Override
                    protected void initChannel(QuicChannel channel) {
                        channel.pipeline().addLast(session(channel));
                    }
                })
                .streamHandler(streams())
                .remoteAddress(target)
                .connect();
        try {
            boolean _ = connecting.await(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while dialling " + address);
        }
        if (!connecting.isSuccess()) {
            connecting.cancel(true);
            var cause = connecting.cause();
            throw cause == null || cause instanceof io.netty.channel.ConnectTimeoutException
                    ? new SocketTimeoutException("dial " + address + ": no answer within " + limit)
                    : new IOException("dial " + address + ": " + cause.getMessage(), cause);
        }
        var channel = connecting.getNow();
        channel.closeFuture().addListener(_ -> close(socket));
        var remote = remote(channel);
        return new SecuredSession(remote, address, false, channel.attr(SESSION).get());
    }

    private static @Nullable Channel await(io.netty.channel.ChannelFuture binding, Duration limit, Multiaddr address)
            throws IOException {
        try {
            if (!binding.await(Math.max(1, limit.toMillis()))) {
                binding.addListener(_ -> close(binding.channel()));
                return null;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while binding for " + address);
        }
        if (!binding.isSuccess()) {
            throw new IOException(address + ": " + binding.cause().getMessage(), binding.cause());
        }
        return binding.channel();
    }

    // ---- listening ----

    @Override
    public Listening listen(Multiaddr address, Acceptor acceptor) throws IOException {
        if (!dials(address)) {
            throw new IOException("listen: expected /ip4|ip6/<address>/udp/<port>/quic-v1, found " + address);
        }
        var bound = new Bound();
        var codec = configured(new QuicServerCodecBuilder())
                .sslContext(serverTls)
                .handler(new ChannelInitializer<QuicChannel>() {
                    @Override
                    protected void initChannel(QuicChannel channel) {
                        knock(channel, bound, acceptor);
                    }
                })
                .streamHandler(streams())
                .build();
        Channel socket;
        try {
            socket = await(
                    datagrams(threads, codec).bind(TcpTransport.resolve(address).getFirst()), GOODBYE, address);
        } catch (IOException e) {
            throw new IOException("listen on " + e.getMessage(), e);
        }
        if (socket == null) {
            throw new IOException("listen on " + address + ": no answer from the system");
        }
        bound.socket = socket;
        return bound;
    }

    private void knock(QuicChannel channel, Bound bound, Acceptor acceptor) {
        var from = Multiaddr.quic((InetSocketAddress) Objects.requireNonNull(channel.remoteSocketAddress()));
        var arrival = bound.closed ? Optional.<Arrival>empty() : acceptor.knock(from);
        bound.opened(channel);
        if (arrival.isEmpty()) {
            Future<?> _ = channel.close();
            return;
        }
        var session = session(channel);
        channel.pipeline().addLast(new Inbound(channel, session, from, arrival.get()), session);
    }

    /** Waits for the end of a stranger's handshake, then leaves the connection to its session. */
    private final class Inbound extends ChannelInboundHandlerAdapter {

        private final QuicChannel channel;
        private final QuicSession session;
        private final Multiaddr from;
        private final Arrival arrival;
        private final @Nullable SSLEngine engine;
        private boolean settled;
        private @Nullable Throwable failure;

        Inbound(QuicChannel channel, QuicSession session, Multiaddr from, Arrival arrival) {
            this.channel = channel;
            this.session = session;
            this.from = from;
            this.arrival = arrival;
            engine = channel.sslEngine();
            var late = channel.eventLoop()
                    .schedule(this::expire, hostLimits.times().upgrade().toMillis(), TimeUnit.MILLISECONDS);
            channel.closeFuture().addListener(_ -> late.cancel(false));
        }

        private void expire() {
            if (!settled) {
                failure = new IOException(
                        "the handshake did not end within " + hostLimits.times().upgrade());
                Future<?> _ = channel.close();
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (!settled) {
                settled = true;
                trust.forget(engine);
                try {
                    arrival.accept(new SecuredSession(remote(channel), from, false, session));
                } catch (IOException e) {
                    arrival.failed(e);
                    Future<?> _ = channel.close();
                }
                context.fireChannelActive();
                context.pipeline().remove(this);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failure = cause;
            Future<?> _ = context.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            fail();
            context.fireChannelInactive();
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            fail(); // a connection that never became active does not become inactive either
        }

        private void fail() {
            if (settled) {
                return;
            }
            settled = true;
            var refused = trust.forget(engine);
            var cause = failure;
            if (refused != null) {
                arrival.failed(refused);
            } else if (cause instanceof IOException known) {
                arrival.failed(known);
            } else {
                arrival.failed(new IOException("the handshake broke off" + (cause == null ? "" : ": " + cause), cause));
            }
        }
    }

    /** A bound port. The connections that came in share its socket, so that it goes when the last of them has said goodbye. */
    private static final class Bound implements Listening {

        private final AtomicInteger connections = new AtomicInteger();
        private volatile @Nullable Channel socket;
        private volatile boolean closed;

        private InetSocketAddress local() {
            return (InetSocketAddress) Objects.requireNonNull(socket).localAddress();
        }

        @Override
        public Multiaddr bound() {
            return Multiaddr.quic(local());
        }

        @Override
        public List<Multiaddr> addresses() {
            return LocalAddresses.of(local()).stream().map(Multiaddr::quic).toList();
        }

        void opened(QuicChannel connection) {
            connections.incrementAndGet();
            connection.closeFuture().addListener(_ -> {
                connections.decrementAndGet();
                closeIfLast();
            });
        }

        @Override
        public void close() {
            closed = true;
            closeIfLast();
        }

        private void closeIfLast() {
            var open = socket;
            if (closed && open != null && connections.get() == 0) {
                Future<?> _ = open.close();
            }
        }
    }

    @Override
    public void close() {
        Future<?> _ = threads.shutdownGracefully(0, GOODBYE.toMillis(), TimeUnit.MILLISECONDS);
    }
}
