package io.infergrid.libp2p.tls;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.transport.BufferPool;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.SecuredChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.cert.CertificateEncodingException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import javax.crypto.AEADBadTagException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * TLS records over a raw connection. A record is read whole, since its length stands at its head, and opened on the reader's thread;
 * writers seal and send for themselves, in the order in which they came.
 */
final class TlsChannel implements SecuredChannel {

    private static final int HEADER_BYTES = 5;
    private static final int MAX_RECORD = 16_384 + 256; // of ciphertext (RFC 8446, 5.2)
    private static final int PACKET = 16_709; // what the JDK's engine wants to have room for
    private static final int MAX_HANDSHAKE_BYTES = 64 * 1024;
    private static final int MAX_WITHOUT_DATA = 32;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /** A record as it came, and behind it what was in it. */
    static final int READ_BYTES = 2 * PACKET;

    /** The largest write as records. */
    static final int WRITE_BYTES = (MAX_WRITE_BYTES / 16_384 + 2) * PACKET;

    private final RawConnection wire;
    private final SSLEngine engine;
    private final BufferPool reading;
    private final BufferPool writing;
    private final ReentrantLock write = new ReentrantLock(true); // fair: a bulk stream must not starve the others
    private final AtomicBoolean answering = new AtomicBoolean();
    private volatile long writingSince;
    private volatile boolean closed;
    private byte @Nullable [] borrowed;
    private ByteBuffer plain = NOTHING;
    private int handshakeBytes;
    private int withoutData;

    TlsChannel(RawConnection wire, SSLEngine engine, BufferPool reading, BufferPool writing) {
        this.wire = wire;
        this.engine = engine;
        this.reading = reading;
        this.writing = writing;
    }

    // ---- the handshake, on one thread ----

    /** The dialler's first flight, for who sends it together with something else. */
    byte[] firstMessage() throws IOException {
        var message = new ByteArrayOutputStream();
        engine.beginHandshake();
        while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
            message.writeBytes(wrapped());
        }
        return message.toByteArray();
    }

    /** Goes through the handshake and returns who is at the other end. */
    PeerId handshake() throws IOException {
        try {
            engine.beginHandshake(); // no harm if it has begun
            while (step(engine.getHandshakeStatus())) {
                // each step asks for the next
            }
            var chain = engine.getSession().getPeerCertificates();
            return PeerCertificate.identity(chain[0].getEncoded()).peerId();
        } catch (SSLException e) {
            sayWhy();
            throw translated("tls handshake failed: ", e);
        } catch (CertificateEncodingException e) {
            throw new DecodeException("certificate: " + e.getMessage());
        } finally {
            release();
        }
    }

    String applicationProtocol() {
        return engine.getApplicationProtocol();
    }

    private boolean step(HandshakeStatus status) throws IOException {
        switch (status) {
            case NEED_TASK -> {
                for (Runnable task; (task = engine.getDelegatedTask()) != null; ) {
                    PeerCertificates.reading(task);
                }
            }
            case NEED_WRAP -> wire.out().write(wrapped());
            case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                var record = status == HandshakeStatus.NEED_UNWRAP ? record() : NOTHING;
                if (record == null) {
                    throw new IOException("the connection ended within the tls handshake");
                }
                handshakeBytes += record.remaining();
                if (handshakeBytes > MAX_HANDSHAKE_BYTES) {
                    throw new ProtocolViolation(
                            Event.BAD_FRAME,
                            "tls: expected a handshake of at most " + MAX_HANDSHAKE_BYTES + " bytes, found more");
                }
                unwrap(record);
            }
            case FINISHED, NOT_HANDSHAKING -> {
                return false;
            }
        }
        return true;
    }

    private byte[] wrapped() throws SSLException {
        var record = ByteBuffer.allocate(PACKET);
        engine.wrap(NOTHING, record);
        return Arrays.copyOf(record.array(), record.position());
    }

    /** Sends the alert that ends a failed handshake, if the connection still takes it. */
    private void sayWhy() {
        try {
            engine.closeOutbound();
            wire.out().write(wrapped());
        } catch (IOException e) {
            // the other side hears nothing then but the end of the connection
        }
    }

    // ---- reading, on the reader's thread ----

    @Override
    public @Nullable ByteBuffer read() throws IOException {
        while (!plain.hasRemaining()) {
            release();
            var record = record();
            if (record == null) {
                return null;
            }
            try {
                if (unwrap(record) == SSLEngineResult.Status.CLOSED) {
                    return null;
                }
            } catch (SSLException e) {
                throw translated("tls record: ", e);
            }
            if (plain.hasRemaining()) {
                withoutData = 0;
            } else {
                control();
            }
        }
        return plain;
    }

    /** Tickets and new keys: a new key wants one from us, which a writer sends, as the reader must not wait for the network. */
    private void control() throws ProtocolViolation {
        if (++withoutData > MAX_WITHOUT_DATA) {
            throw new ProtocolViolation(Event.CONTROL_FLOOD, "tls: expected data, found 32 records without any");
        }
        if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && !answering.getAndSet(true)) {
            Thread.ofVirtual().name("tls-answer").start(() -> {
                try {
                    write(NOTHING);
                } catch (IOException e) {
                    // the reader meets the end of the connection by itself
                } finally {
                    answering.set(false);
                }
            });
        }
    }

    /** The next record as it came, or null at the end of the connection. */
    private @Nullable ByteBuffer record() throws IOException {
        int first = wire.in().read();
        if (first < 0) {
            return null;
        }
        var record = borrowed != null ? borrowed : reading.take();
        borrowed = record;
        record[0] = (byte) first;
        wire.in().readFully(record, 1, HEADER_BYTES - 1);
        int length = (record[3] & 0xff) << 8 | record[4] & 0xff;
        if (length > MAX_RECORD) {
            throw new ProtocolViolation(
                    Event.BAD_FRAME, "tls: expected a record of at most " + MAX_RECORD + " bytes, found " + length);
        }
        wire.in().readFully(record, HEADER_BYTES, length);
        return ByteBuffer.wrap(record, 0, HEADER_BYTES + length);
    }

    private SSLEngineResult.Status unwrap(ByteBuffer record) throws IOException {
        if (borrowed == null) {
            borrowed = reading.take();
        }
        var inside = ByteBuffer.wrap(borrowed, PACKET, PACKET);
        var result = engine.unwrap(record, inside);
        plain = inside.flip().position(PACKET);
        if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW
                || result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
            throw new ProtocolViolation(Event.BAD_FRAME, "tls: expected one whole record, found another form");
        }
        return result.getStatus();
    }

    private void release() {
        plain = NOTHING;
        if (borrowed != null) {
            reading.give(borrowed);
            borrowed = null;
        }
    }

    // ---- writing ----

    @Override
    public void write(ByteBuffer... parts) throws IOException {
        // An interrupt would close the socket under everyone's streams, so one that is due waits until this write is
        // out.
        boolean interrupted = Thread.interrupted();
        write.lock();
        var buffer = writing.take();
        try {
            if (closed) {
                throw new IOException("the connection is closed");
            }
            var records = ByteBuffer.wrap(buffer);
            do {
                seal(parts, records);
            } while (remain(parts) || engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP);
            writingSince = System.nanoTime() | 1;
            wire.out().write(buffer, 0, records.position());
        } catch (IOException e) {
            close(); // part of a record may be out: nothing after it could be read
            throw e instanceof SSLException ssl ? translated("tls record: ", ssl) : e;
        } finally {
            writingSince = 0;
            writing.give(buffer);
            write.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void seal(ByteBuffer[] parts, ByteBuffer records) throws IOException {
        if (records.remaining() < PACKET) { // new keys take records of their own
            writingSince = System.nanoTime() | 1;
            wire.out().write(records.array(), 0, records.position());
            records.clear();
        }
        var result = engine.wrap(parts, records);
        if (result.getStatus() != SSLEngineResult.Status.OK) {
            throw new IOException("the connection is closed for writing");
        }
    }

    private static boolean remain(ByteBuffer[] parts) {
        for (var part : parts) {
            if (part.hasRemaining()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public long writingSince() {
        return writingSince;
    }

    @Override
    public void closeOutput() throws IOException {
        if (write.tryLock()) { // else someone is stuck in a write, and the end of the connection has to do
            try {
                engine.closeOutbound();
                wire.out().write(wrapped());
            } finally {
                write.unlock();
            }
        }
        wire.closeOutput();
    }

    @Override
    public void close() {
        closed = true;
        wire.close();
    }

    /** What a check of ours refused, if that is the cause; else an attempt to change the records, or the other side's refusal. */
    private static IOException translated(String where, SSLException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ProtocolViolation || cause instanceof DecodeException) {
                return (IOException) cause;
            }
            if (cause instanceof AEADBadTagException) {
                return new ProtocolViolation(Event.NOT_AUTHENTIC, where + failure.getMessage());
            }
        }
        return new IOException(where + failure.getMessage(), failure);
    }
}
