package io.infergrid.libp2p.quic;

import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Netty's table of the streams of a connection. Netty takes a stream out when it has read the stream's end, which never comes of one
 * that was reset, so that each reset would leave its channel there for as long as the connection lives: a peer's way to fill our
 * memory. The method that takes it out is Netty's own and not public.
 */
final class StreamTable {

    private static final Logger LOG = LoggerFactory.getLogger(StreamTable.class);
    private static final @Nullable MethodHandle STREAM_CLOSED = streamClosed();

    private StreamTable() {}

    private static @Nullable MethodHandle streamClosed() {
        try {
            var type = Class.forName("io.netty.handler.codec.quic.QuicheQuicChannel");
            return MethodHandles.privateLookupIn(type, MethodHandles.lookup())
                    .findVirtual(type, "streamClosed", MethodType.methodType(void.class, long.class))
                    .asType(MethodType.methodType(void.class, QuicChannel.class, long.class));
        } catch (ReflectiveOperationException e) {
            LOG.warn(
                    "this version of Netty keeps streams that were reset until their connection ends: {}",
                    e.toString());
            return null;
        }
    }

    /** Takes a stream out that was reset both ways; to be called on its event loop. */
    static void forget(QuicStreamChannel stream) {
        if (STREAM_CLOSED == null) {
            return;
        }
        try {
            STREAM_CLOSED.invokeExact((QuicChannel) stream.parent(), stream.streamId());
        } catch (Throwable e) {
            LOG.warn("a stream that was reset stays in Netty's table: {}", e.toString());
        }
    }
}
