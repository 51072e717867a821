package io.infergrid.grid.exchange;

import io.infergrid.grid.exchange.ShardMessage.Block;
import io.infergrid.grid.exchange.ShardMessage.Declined;
import io.infergrid.grid.exchange.ShardMessage.Gained;
import io.infergrid.grid.exchange.ShardMessage.Have;
import io.infergrid.grid.exchange.ShardMessage.Lost;
import io.infergrid.grid.exchange.ShardMessage.PieceRef;
import io.infergrid.grid.exchange.ShardMessage.Reason;
import io.infergrid.grid.exchange.ShardMessage.Slot;
import io.infergrid.grid.model.HeldShards;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * What one peer follows and fetches of one model. The stream's thread puts questions in, a second one sends the answers: news first, then
 * the blocks of the piece in hand; the next piece is read from disk meanwhile. Thread-safe.
 */
final class Upload {

    private final PeerId peer;
    private final HeldShards held;
    private final PieceNumbers numbers;
    private final ExecutorService disk;
    private final TokenBucket limit;
    private final Sent sent;
    final RateMeter rate;
    private final int mostAsked;

    private final Deque<ShardMessage> answers = new ArrayDeque<>();
    private final Deque<Integer> queue = new ArrayDeque<>();
    /** What is to be told of; a piece is in one of them at most. */
    private final BitSet gained = new BitSet();

    private final BitSet lost = new BitSet();
    private int inHand = -1;
    private boolean cancelled;
    private boolean interested;
    private boolean open;
    private boolean closed;

    /** Hears of what was sent. */
    interface Sent {
        /** @param last whether that was the end of the piece */
        void block(Upload upload, int shard, int bytes, boolean last);

        /** A piece could not be read here. */
        void spoilt(HeldShards held, int shard, int piece);
    }

    /** @param mostAsked pieces that may be asked for and not yet sent, and short answers that may wait */
    Upload(
            PeerId peer,
            HeldShards held,
            PieceNumbers numbers,
            ExecutorService disk,
            TokenBucket limit,
            Sent sent,
            RateMeter rate,
            int mostAsked) {
        this.peer = peer;
        this.held = held;
        this.numbers = numbers;
        this.disk = disk;
        this.limit = limit;
        this.sent = sent;
        this.rate = rate;
        this.mostAsked = mostAsked;
        var shards = new ArrayList<BitSet>();
        for (int i = 0; i < held.manifest().shards().size(); i++) {
            shards.add(held.pieces(i));
        }
        answers.add(new Have(shards));
    }

    PeerId peer() {
        return peer;
    }

    HeldShards held() {
        return held;
    }

    // ---- questions

    synchronized boolean interested() {
        return interested && !closed;
    }

    synchronized void interested(boolean now) {
        interested = now;
    }

    synchronized boolean open() {
        return open;
    }

    /** Opens or closes the slot; on closing, all questions but the one in hand are declined. */
    synchronized void slot(boolean now) {
        if (open == now || closed) {
            return;
        }
        open = now;
        answers.add(new Slot(now));
        if (!now) {
            for (int number : queue) {
                decline(number, Reason.NO_SLOT);
            }
            queue.clear();
        }
        notifyAll();
    }

    /** Whether a piece of the shard is asked for or on its way. */
    synchronized boolean sends(int shard) {
        return (inHand >= 0 && numbers.shard(inHand) == shard)
                || queue.stream().anyMatch(number -> numbers.shard(number) == shard);
    }

    /**
     * Takes a question for a piece. Blocks while the peer does not read its answers.
     *
     * @throws WireException if it asks for what cannot be, or for too much at once
     */
    synchronized void ask(int shard, int piece) throws WireException, InterruptedException {
        if (!numbers.contains(shard, piece)) {
            throw new WireException(
                    "expected a piece of the model, found piece " + piece + " of shard " + shard + " asked for");
        }
        if (queue.size() >= mostAsked) {
            throw new WireException("expected up to " + mostAsked + " pieces asked for, found more");
        }
        while (answers.size() >= mostAsked && !closed) {
            wait();
        }
        int number = numbers.of(shard, piece);
        if (number == inHand || queue.contains(number)) {
            return; // it is answered once
        }
        if (open) {
            queue.add(number);
        } else {
            decline(number, Reason.NO_SLOT);
        }
        notifyAll();
    }

    synchronized void cancel(int shard, int piece) throws WireException {
        if (!numbers.contains(shard, piece)) {
            throw new WireException("expected to cancel a piece of the model, found piece " + piece + " of shard "
                    + shard + " cancelled");
        }
        int number = numbers.of(shard, piece);
        if (queue.remove(number)) {
            decline(number, Reason.CANCELLED);
        } else if (inHand == number) {
            cancelled = true;
        }
        notifyAll();
    }

    private void decline(int number, Reason reason) {
        answers.add(new Declined(numbers.shard(number), numbers.piece(number), reason));
    }

    // ---- news

    synchronized void gained(int shard, int piece) {
        int number = numbers.of(shard, piece);
        lost.clear(number);
        gained.set(number);
        notifyAll();
    }

    synchronized void lost(int shard, int piece) {
        int number = numbers.of(shard, piece);
        gained.clear(number);
        lost.set(number);
        notifyAll();
    }

    synchronized void close() {
        closed = true;
        interested = false;
        notifyAll();
    }

    // ---- answers

    /** Sends until the upload is closed. */
    void sendTo(Stream stream) throws IOException, InterruptedException {
        Future<byte[]> ahead = null;
        int aheadNumber = -1;
        while (true) {
            int number = sendNews(stream);
            if (number < 0) {
                return;
            }
            Future<byte[]> bytes = ahead != null && aheadNumber == number ? ahead : read(number);
            ahead = null;
            aheadNumber = peek();
            if (aheadNumber >= 0) {
                ahead = read(aheadNumber);
            }
            send(stream, number, await(number, bytes));
        }
    }

    private Future<byte[]> read(int number) {
        int shard = numbers.shard(number);
        int piece = numbers.piece(number);
        Callable<byte[]> reading = () -> held.has(shard, piece) ? held.pieceToSend(shard, piece) : new byte[0];
        return disk.submit(reading);
    }

    private byte[] await(int number, Future<byte[]> bytes) throws InterruptedException {
        try {
            return bytes.get();
        } catch (ExecutionException spoilt) {
            sent.spoilt(held, numbers.shard(number), numbers.piece(number));
            return new byte[0];
        }
    }

    private synchronized int peek() {
        return queue.isEmpty() ? -1 : queue.peek();
    }

    /** Sends all that is short, until a piece is asked for, which is then in hand; -1 if the upload is closed. */
    private int sendNews(Stream stream) throws IOException, InterruptedException {
        while (true) {
            List<ShardMessage> news;
            int next = -1;
            synchronized (this) {
                while (answers.isEmpty() && gained.isEmpty() && lost.isEmpty() && queue.isEmpty() && !closed) {
                    wait();
                }
                if (closed) {
                    return -1;
                }
                news = takeNews();
                if (news.isEmpty()) {
                    next = queue.remove();
                    inHand = next;
                    cancelled = false;
                }
                notifyAll();
            }
            write(stream, news);
            if (next >= 0) {
                return next;
            }
        }
    }

    private static void write(Stream stream, List<ShardMessage> news) throws IOException {
        for (ShardMessage message : news) {
            Frames.write(stream.out(), message.encode());
        }
        if (!news.isEmpty()) {
            stream.out().flush();
        }
    }

    /** Holds the monitor. */
    private List<ShardMessage> takeNews() {
        var news = new ArrayList<>(answers);
        answers.clear();
        take(gained, refs -> news.add(new Gained(refs)));
        take(lost, refs -> news.add(new Lost(refs)));
        return news;
    }

    private void take(BitSet pieces, java.util.function.Consumer<List<PieceRef>> message) {
        var refs = new ArrayList<PieceRef>();
        for (int number = pieces.nextSetBit(0);
                number >= 0 && refs.size() < 4096;
                number = pieces.nextSetBit(number + 1)) {
            refs.add(new PieceRef(numbers.shard(number), numbers.piece(number)));
            pieces.clear(number);
        }
        if (!refs.isEmpty()) {
            message.accept(refs);
        }
    }

    private void send(Stream stream, int number, byte[] bytes) throws IOException, InterruptedException {
        int shard = numbers.shard(number);
        int piece = numbers.piece(number);
        int done = 0;
        while (done < bytes.length && !isCancelled()) {
            int length = Math.min(ShardMessage.BLOCK_BYTES, bytes.length - done);
            limit.take(length);
            writeBlock(stream.out(), shard, piece, done, bytes, length);
            done += length;
            rate.add(length);
            boolean last = done == bytes.length;
            if (last) {
                finished(number, null); // before the peer can ask for it again
            }
            List<ShardMessage> news;
            synchronized (this) {
                news = takeNews();
            }
            write(stream, news);
            sent.block(this, shard, length, last);
        }
        if (done < bytes.length || bytes.length == 0) {
            finished(number, bytes.length == 0 ? Reason.NOT_HERE : Reason.CANCELLED);
        }
        if (nothingMore()) {
            stream.out().flush();
        }
    }

    private synchronized boolean isCancelled() {
        return cancelled || closed;
    }

    private synchronized boolean nothingMore() {
        return queue.isEmpty();
    }

    private synchronized void finished(int number, @Nullable Reason declined) {
        inHand = -1;
        if (declined != null) {
            decline(number, declined);
        }
        notifyAll();
    }

    /** As {@link Block}'s encoding in a frame, without a copy of the bytes. */
    static void writeBlock(OutputStream out, int shard, int piece, int offset, byte[] bytes, int length)
            throws IOException {
        byte[] head = new byte[4 + ShardMessage.BLOCK_HEAD_BYTES];
        java.nio.ByteBuffer.wrap(head)
                .putInt(ShardMessage.BLOCK_HEAD_BYTES + length)
                .put((byte) ShardMessage.BLOCK_TYPE)
                .putShort((short) shard)
                .putInt(piece)
                .putInt(offset);
        out.write(head);
        out.write(bytes, offset, length);
    }
}
