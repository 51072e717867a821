package io.infergrid.grid.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;

/** Bytes from one thread to another through a bounded buffer: the writer waits while it is full, the reader while it is empty. */
final class BytePipe {

    private final byte[] buffer;
    private int start;
    private int size;
    private boolean ended;
    private boolean broken;
    private long readNanos;
    private long writeNanos;

    BytePipe(int capacity) {
        buffer = new byte[capacity];
    }

    /** Longest wait of a reader; zero for ever. */
    synchronized void readLimit(Duration limit) {
        readNanos = limit.toNanos();
    }

    synchronized void writeLimit(Duration limit) {
        writeNanos = limit.toNanos();
    }

    /** No more will be written. */
    synchronized void end() {
        ended = true;
        notifyAll();
    }

    /** Both sides fail from now on. */
    synchronized void breakOff() {
        broken = true;
        notifyAll();
    }

    private synchronized void write(byte[] bytes, int from, int length) throws IOException {
        for (int done = 0; done < length; ) {
            await(writeNanos, () -> size < buffer.length || ended);
            if (ended) {
                throw new IOException("expected an open stream, found its writing half closed");
            }
            int at = (start + size) % buffer.length;
            int part = Math.min(Math.min(length - done, buffer.length - size), buffer.length - at);
            System.arraycopy(bytes, from + done, buffer, at, part);
            size += part;
            done += part;
            notifyAll();
        }
    }

    private synchronized int read(byte[] into, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        await(readNanos, () -> size > 0 || ended);
        if (size == 0) {
            return -1;
        }
        int part = Math.min(Math.min(length, size), buffer.length - start);
        System.arraycopy(buffer, start, into, from, part);
        start = (start + part) % buffer.length;
        size -= part;
        notifyAll();
        return part;
    }

    /** Holds the monitor. */
    private void await(long limitNanos, java.util.function.BooleanSupplier holds) throws IOException {
        long deadline = System.nanoTime() + limitNanos;
        while (!broken && !holds.getAsBoolean()) {
            long left = deadline - System.nanoTime();
            if (limitNanos > 0 && left <= 0) {
                broken = true;
                notifyAll();
                throw new IOException(
                        "expected the stream to move within " + Duration.ofNanos(limitNanos) + ", found it stuck");
            }
            try {
                wait(limitNanos > 0 ? left / 1_000_000 + 1 : 0);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for a stream");
            }
        }
        if (broken) {
            throw new IOException("expected an open stream, found it reset");
        }
    }

    InputStream in() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                return BytePipe.this.read(into, from, length);
            }
        };
    }

    OutputStream out() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
                BytePipe.this.write(bytes, from, length);
            }
        };
    }
}
