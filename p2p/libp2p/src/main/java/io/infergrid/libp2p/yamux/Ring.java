package io.infergrid.libp2p.yamux;

import io.infergrid.libp2p.transport.MemoryBudget;

/**
 * Bytes that came and were not read yet: a circular buffer that starts at nothing and doubles as it fills. Bytes are copied in, so
 * that a stream that nobody reads pins what it was sent and not the records it came in. Guarded by its stream's lock.
 */
final class Ring {

    private static final int FIRST_BYTES = 4096;
    private static final byte[] NOTHING = {};

    private final MemoryBudget budget;
    private byte[] bytes = NOTHING;
    private int head;
    private int size;

    Ring(MemoryBudget budget) {
        this.budget = budget;
    }

    int size() {
        return size;
    }

    int capacity() {
        return bytes.length;
    }

    /** Appends, or returns false and appends nothing if the budget has no room for it. */
    boolean write(byte[] from, int offset, int length) {
        if (bytes.length - size < length && !grow(size + length)) {
            return false;
        }
        int tail = head + size;
        if (tail >= bytes.length) {
            tail -= bytes.length;
        }
        int first = Math.min(length, bytes.length - tail);
        System.arraycopy(from, offset, bytes, tail, first);
        System.arraycopy(from, offset + first, bytes, 0, length - first);
        size += length;
        return true;
    }

    int read(byte[] to, int offset, int length) {
        int n = Math.min(length, size);
        copyOut(to, offset, n);
        head += n;
        if (head >= bytes.length) {
            head -= bytes.length;
        }
        size -= n;
        if (size == 0) {
            head = 0; // the next bytes then lie in one piece
        }
        return n;
    }

    /** Gives the memory back and forgets what is in it. */
    void free() {
        budget.release(bytes.length);
        bytes = NOTHING;
        head = 0;
        size = 0;
    }

    private boolean grow(int needed) {
        int capacity = Math.max(FIRST_BYTES, bytes.length);
        while (capacity < needed) {
            capacity *= 2;
        }
        if (!budget.reserve(capacity - bytes.length)) {
            return false;
        }
        var larger = new byte[capacity];
        copyOut(larger, 0, size);
        bytes = larger;
        head = 0;
        return true;
    }

    private void copyOut(byte[] to, int offset, int length) {
        int first = Math.min(length, bytes.length - head);
        System.arraycopy(bytes, head, to, offset, first);
        System.arraycopy(bytes, 0, to, offset + first, length - first);
    }
}
