package io.infergrid.libp2p.noise;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.transport.BufferPool;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.SecuredChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Sealed records over a raw connection: two bytes of length, then at most 65535 of ciphertext. Writers copy into a borrowed buffer,
 * seal in place and write it themselves, in the order in which they came.
 */
public final class NoiseChannel implements SecuredChannel {

    /** What the pool of buffers must hand out: the largest record with its length. */
    public static final int BUFFER_BYTES = 2 + 65535;

    private static final byte[] NOTHING = {};
    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

    private final RawConnection wire;
    private final CipherState sending;
    private final CipherState receiving;
    private final BufferPool buffers;
    private final ReentrantLock writing = new ReentrantLock(true); // fair: a bulk stream must not starve the others
    private volatile long writingSince;
    private volatile boolean closed;
    private byte @Nullable [] borrowed;
    private ByteBuffer plain = EMPTY;

    NoiseChannel(RawConnection wire, NoiseXX.Transport keys, BufferPool buffers) {
        this.wire = wire;
        this.buffers = buffers;
        sending = keys.sending();
        receiving = keys.receiving();
    }

    @Override
    public @Nullable ByteBuffer read() throws IOException {
        while (!plain.hasRemaining()) {
            release();
            int high = wire.in().read();
            if (high < 0) {
                return null;
            }
            var record = buffers.take();
            borrowed = record;
            wire.in().readFully(record, 0, 1);
            int length = high << 8 | record[0] & 0xff;
            if (length < CipherState.TAG_BYTES) {
                throw new ProtocolViolation(
                        Event.BAD_FRAME, "noise record: expected at least 16 bytes, found " + length);
            }
            wire.in().readFully(record, 0, length);
            plain = ByteBuffer.wrap(record, 0, open(record, length));
        }
        return plain;
    }

    private int open(byte[] record, int length) throws ProtocolViolation {
        try {
            return receiving.open(NOTHING, record, 0, length, record, 0);
        } catch (GeneralSecurityException e) {
            throw new ProtocolViolation(Event.NOT_AUTHENTIC, "noise record: " + e.getMessage());
        }
    }

    private void release() {
        plain = EMPTY;
        if (borrowed != null) {
            buffers.give(borrowed);
            borrowed = null;
        }
    }

    @Override
    public void write(ByteBuffer... parts) throws IOException {
        // An interrupt would close the socket under everyone's streams, so one that is due waits until this record is
        // out.
        boolean interrupted = Thread.interrupted();
        writing.lock();
        var record = buffers.take();
        try {
            if (closed) {
                throw new IOException("the connection is closed");
            }
            int length = 0;
            for (var part : parts) {
                int n = part.remaining();
                part.get(record, 2 + length, n);
                length += n;
            }
            int sealed = sending.seal(NOTHING, record, 2, length, record, 2);
            record[0] = (byte) (sealed >> 8);
            record[1] = (byte) sealed;
            writingSince = System.nanoTime() | 1;
            wire.out().write(record, 0, 2 + sealed);
        } catch (GeneralSecurityException e) {
            close();
            throw new IOException("noise record: " + e.getMessage(), e);
        } catch (IOException e) {
            close(); // part of a record may be out: nothing after it could be read
            throw e;
        } finally {
            writingSince = 0;
            buffers.give(record);
            writing.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public long writingSince() {
        return writingSince;
    }

    @Override
    public void closeOutput() throws IOException {
        wire.closeOutput();
    }

    @Override
    public void close() {
        closed = true;
        wire.close();
    }
}
