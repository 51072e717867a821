package io.infergrid.libp2p.quic;

import io.infergrid.libp2p.transport.MemoryBudget;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;

/** Bytes of a stream that came and were not read yet, each piece as it came. Guarded by its stream's lock. */
final class Inbox {

    /** What a piece costs beside its bytes, so that many small ones are not free. */
    private static final int OVERHEAD_BYTES = 48;

    private final MemoryBudget budget;
    private final ArrayDeque<byte[]> pieces = new ArrayDeque<>(2);
    private int taken; // of the first piece
    private int available;
    private int held;

    Inbox(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Bytes to read. */
    int available() {
        return available;
    }

    /** Bytes of memory. */
    int held() {
        return held;
    }

    /** Copies what is in the buffer, or returns false and takes nothing if there is no memory for it. */
    boolean add(ByteBuf from) {
        int length = from.readableBytes();
        if (length == 0) {
            return true;
        }
        if (!budget.reserve(length + OVERHEAD_BYTES)) {
            return false;
        }
        var piece = new byte[length];
        from.readBytes(piece);
        pieces.add(piece);
        available += length;
        held += length + OVERHEAD_BYTES;
        return true;
    }

    int read(byte[] to, int offset, int length) {
        int done = 0;
        while (done < length && available > 0) {
            var piece = pieces.element();
            int n = Math.min(length - done, piece.length - taken);
            System.arraycopy(piece, taken, to, offset + done, n);
            done += n;
            taken += n;
            available -= n;
            if (taken == piece.length) {
                pieces.remove();
                taken = 0;
                held -= piece.length + OVERHEAD_BYTES;
                budget.release(piece.length + OVERHEAD_BYTES);
            }
        }
        return done;
    }

    /** Forgets what is in it. */
    void free() {
        budget.release(held);
        pieces.clear();
        taken = 0;
        available = 0;
        held = 0;
    }
}
