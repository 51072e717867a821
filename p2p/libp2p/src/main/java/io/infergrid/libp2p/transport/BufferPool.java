package io.infergrid.libp2p.transport;

import java.util.concurrent.ArrayBlockingQueue;

/** Arrays of one size that connections borrow while bytes are on their way, so that an idle one holds none. Thread-safe. */
public final class BufferPool {

    private final int size;
    private final ArrayBlockingQueue<byte[]> free;

    /**
     * @param size bytes of an array
     * @param kept arrays to keep for the next borrower; further ones are left to the garbage collector
     */
    public BufferPool(int size, int kept) {
        this.size = size;
        free = new ArrayBlockingQueue<>(kept);
    }

    public byte[] take() {
        var buffer = free.poll();
        return buffer != null ? buffer : new byte[size];
    }

    public void give(byte[] buffer) {
        boolean _ = free.offer(buffer);
    }
}
