package io.infergrid.grid.exchange;

import io.infergrid.grid.exchange.ProviderDirectory.Provider;
import io.infergrid.grid.exchange.ShardMessage.Cancel;
import io.infergrid.grid.exchange.ShardMessage.Declined;
import io.infergrid.grid.exchange.ShardMessage.Follow;
import io.infergrid.grid.exchange.ShardMessage.Gained;
import io.infergrid.grid.exchange.ShardMessage.GetPiece;
import io.infergrid.grid.exchange.ShardMessage.Have;
import io.infergrid.grid.exchange.ShardMessage.Interest;
import io.infergrid.grid.exchange.ShardMessage.Lost;
import io.infergrid.grid.exchange.ShardMessage.Missing;
import io.infergrid.grid.exchange.ShardMessage.PieceRef;
import io.infergrid.grid.exchange.ShardMessage.Slot;
import io.infergrid.grid.model.Shard;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One source of one download: reads what it says and puts blocks together to pieces. What it was asked for, and whether it may be asked,
 * is guarded by the download; the bytes under way belong to the thread that reads.
 */
final class SourceLink {

    /** Pieces that a source claimed to have and then had not, until it is not believed any more. */
    private static final int MOST_BROKEN_CLAIMS = 16;

    private final Download download;
    private final PieceNumbers numbers;
    private final Provider source;
    private final Outbox outbox = new Outbox();
    final RateMeter rate;

    // Guarded by the download.
    /** What was asked for and not answered to the end; false once it is cancelled. */
    final Map<Integer, Boolean> underWay = new HashMap<>();

    boolean known;
    boolean slot;
    boolean interested;
    long roundTripNanos;
    /** When something last came, or something was asked for while nothing was under way. */
    long movedAt;

    private long askedAt;
    private int brokenClaims;
    private @Nullable Stream stream;
    private @Nullable String abortedBecause;

    // The piece that comes now.
    private int coming = -1;
    private int filled;
    private byte @Nullable [] buffer;

    SourceLink(Download download, PieceNumbers numbers, Provider source, RateMeter rate, long now) {
        this.download = download;
        this.numbers = numbers;
        this.source = source;
        this.rate = rate;
        movedAt = now;
    }

    PeerId peer() {
        return source.peer();
    }

    // ---- called by the download, which holds its own monitor

    void ask(int number, long now) throws IOException {
        if (underWay.isEmpty()) {
            movedAt = now;
            askedAt = now;
        }
        underWay.put(number, true);
        outbox.add(new GetPiece(numbers.shard(number), numbers.piece(number)));
    }

    void cancel(int number) throws IOException {
        if (Boolean.TRUE.equals(underWay.get(number))) {
            underWay.put(number, false);
            outbox.add(new Cancel(numbers.shard(number), numbers.piece(number)));
        }
    }

    void interested(boolean now) throws IOException {
        if (interested != now) {
            interested = now;
            outbox.add(new Interest(now));
        }
    }

    /** Ends the link from outside; {@link #run} then fails with these words. */
    void abort(String why) {
        Stream open;
        synchronized (outbox) {
            abortedBecause = why;
            open = stream;
        }
        outbox.close();
        if (open != null) {
            open.reset();
        }
    }

    // ---- the link's own thread

    /**
     * Follows the source until it ends.
     *
     * @throws WireException if it broke the protocol
     */
    void run() throws IOException, InterruptedException {
        Thread sender = null;
        try (Stream opened = download.open(source)) {
            synchronized (outbox) {
                if (abortedBecause != null) {
                    throw new IOException(abortedBecause);
                }
                stream = opened;
            }
            outbox.add(new Follow(download.model()));
            sender = Thread.ofVirtual().name("ask " + peer()).start(() -> {
                try {
                    outbox.sendTo(opened);
                } catch (IOException | InterruptedException gone) {
                    opened.reset();
                }
            });
            while (true) {
                receive(opened.in());
            }
        } catch (IOException e) {
            String why;
            synchronized (outbox) {
                why = abortedBecause;
            }
            throw why == null || e instanceof WireException ? e : new IOException(why, e);
        } finally {
            outbox.close();
            if (buffer != null) {
                download.giveBack(buffer);
                buffer = null;
            }
            if (sender != null) {
                sender.interrupt();
            }
        }
    }

    private void receive(InputStream in) throws IOException, InterruptedException {
        byte[] prefix = in.readNBytes(5);
        if (prefix.length < 5) {
            throw new EOFException("expected a message, found the end of the stream");
        }
        int length = ByteBuffer.wrap(prefix).getInt();
        if (length <= 0 || length > ShardMessage.MAX_BYTES) {
            throw new WireException("expected a frame of 1 to " + ShardMessage.MAX_BYTES + " bytes, found "
                    + Integer.toUnsignedString(length));
        }
        if (prefix[4] == ShardMessage.BLOCK_TYPE) {
            block(in, length);
        } else {
            byte[] message = new byte[length];
            message[0] = prefix[4];
            int read = in.readNBytes(message, 1, length - 1);
            if (read < length - 1) {
                throw new EOFException("expected a frame of " + length + " bytes, found its end after " + (read + 1));
            }
            take(ShardMessage.decode(message));
        }
    }

    private void take(ShardMessage message) throws IOException {
        synchronized (download) {
            movedAt = download.now();
        }
        switch (message) {
            case Have have -> have(have);
            case Gained(var pieces) -> {
                for (PieceRef ref : pieces) {
                    download.sourceGained(this, number(ref.shard(), ref.piece()));
                }
                download.pump(this);
            }
            case Lost(var pieces) -> {
                for (PieceRef ref : pieces) {
                    download.sourceLost(this, number(ref.shard(), ref.piece()));
                }
            }
            case Slot(var open) -> download.slot(this, open);
            case Declined declined -> declined(declined);
            case Missing(var why) -> throw new IOException("found: " + why);
            case ShardMessage other ->
                throw new WireException(
                        "expected an answer, found a " + other.getClass().getSimpleName());
        }
    }

    private void have(Have have) throws IOException {
        if (have.shards().size() != numbers.shards()) {
            throw new WireException("expected the pieces of " + numbers.shards() + " shards, found those of "
                    + have.shards().size());
        }
        for (int shard = 0; shard < numbers.shards(); shard++) {
            BitSet pieces = have.shards().get(shard);
            if (pieces.length() > numbers.pieces(shard)) {
                throw new WireException("expected up to " + numbers.pieces(shard) + " pieces of shard " + shard
                        + ", found piece " + (pieces.length() - 1));
            }
        }
        download.sourceHas(this, numbers.all(have.shards()));
    }

    private int number(int shard, int piece) throws WireException {
        if (!numbers.contains(shard, piece)) {
            throw new WireException("expected a piece of the model, found piece " + piece + " of shard " + shard);
        }
        return numbers.of(shard, piece);
    }

    private void declined(Declined declined) throws IOException {
        int number = number(declined.shard(), declined.piece());
        if (!download.declined(this, number, declined.reason())) {
            throw new WireException("expected an answer to a question, found piece " + declined.piece() + " of shard "
                    + declined.shard() + " declined");
        }
        if (declined.reason() == ShardMessage.Reason.NOT_HERE && ++brokenClaims >= MOST_BROKEN_CLAIMS) {
            throw new IOException("expected the pieces that the peer said it has, found " + brokenClaims + " missing");
        }
        if (coming == number) {
            coming = -1;
        }
    }

    private void block(InputStream in, int frame) throws IOException, InterruptedException {
        byte[] head = in.readNBytes(ShardMessage.BLOCK_HEAD_BYTES - 1);
        if (head.length < ShardMessage.BLOCK_HEAD_BYTES - 1) {
            throw new EOFException("expected the head of a block, found the end of the stream");
        }
        var fields = ByteBuffer.wrap(head);
        int number = number(fields.getShort() & 0xffff, fields.getInt());
        int offset = fields.getInt();
        int length = frame - ShardMessage.BLOCK_HEAD_BYTES;
        Shard shard = download.shard(number);
        int pieceBytes = shard.pieceBytes(numbers.piece(number));
        int expectedOffset = coming == number ? filled : 0;
        if (offset != expectedOffset || length != Math.min(ShardMessage.BLOCK_BYTES, pieceBytes - offset)) {
            throw new WireException("expected a block of "
                    + Math.min(ShardMessage.BLOCK_BYTES, pieceBytes - expectedOffset) + " bytes at " + expectedOffset
                    + ", found " + length + " at " + offset);
        }
        if (coming >= 0 && coming != number) {
            throw new WireException("expected the rest of a piece, found a block of another");
        }
        Boolean wanted;
        synchronized (download) {
            wanted = underWay.get(number);
            movedAt = download.now();
            if (offset == 0 && askedAt != 0) {
                long trip = Math.max(1, movedAt - askedAt);
                roundTripNanos = roundTripNanos == 0 ? trip : Math.min(roundTripNanos, trip);
                askedAt = 0;
            }
        }
        if (wanted == null) {
            throw new WireException("expected a block of a piece that was asked for, found one of piece "
                    + numbers.piece(number) + " of " + shard.label());
        }
        coming = number;
        byte[] into = buffer;
        if (into == null) {
            into = download.takeBuffer();
            buffer = into;
        }
        if (in.readNBytes(into, offset, length) < length) {
            throw new EOFException("expected a block of " + length + " bytes, found the end of the stream");
        }
        filled = offset + length;
        download.received(this, length);
        if (filled == pieceBytes) {
            coming = -1;
            filled = 0;
            boolean stillWanted;
            synchronized (download) {
                stillWanted = Boolean.TRUE.equals(underWay.remove(number));
            }
            if (stillWanted) {
                buffer = null;
                download.verify(this, number, into, pieceBytes);
            }
            download.pump(this);
        }
    }
}
