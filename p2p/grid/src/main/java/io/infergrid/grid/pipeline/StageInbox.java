package io.infergrid.grid.pipeline;

import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.grid.verification.WindowClaim;
import io.infergrid.grid.wire.WireException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;

/**
 * What was sent to a session and is not computed yet: consecutive positions without a gap. An active stage computes a frame when it is there
 * and keeps few. A standby keeps what it is sent until the whole pipeline is past it, and computes it then, many positions at once; so it
 * never has to take anything back. Once it takes over it computes the rest at once and goes on, frame by frame. Thread-safe.
 */
final class StageInbox {

    /** Most positions that a standby keeps; a gateway settles them long before. */
    static final int MAX_KEPT_POSITIONS = 2048;

    /** Most positions that are computed in one step when catching up. */
    private static final int MAX_MERGED_POSITIONS = 256;

    /**
     * Consecutive positions.
     *
     * @param draw whether the last stage draws the token behind them
     * @param micros the time that each stage before computed
     */
    record Frame(int position, boolean draw, int[] micros, StageInput input) {

        int positions() {
            return input.positions();
        }

        int end() {
            return position + positions();
        }
    }

    /**
     * What to compute next.
     *
     * @param frames one, or many to be computed in one step if they are for the cache only
     * @param output whether anybody waits for what comes out
     */
    record Task(List<Frame> frames, boolean output) {

        int position() {
            return frames.getFirst().position();
        }

        int end() {
            return frames.getLast().end();
        }

        /** Of all frames together. */
        StageInput input() {
            return frames.size() == 1 ? frames.getFirst().input() : joined(frames);
        }
    }

    private final int capacity;
    private final int maxPositions;
    private final boolean draws;
    private final boolean repeats;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Frame> frames = new ArrayDeque<>();
    private boolean active;
    private int outputFrom;
    private int settled;
    private int end;
    private int kept;

    /**
     * @param capacity frames that an active stage keeps
     * @param maxPositions of the session
     * @param draws whether tokens are drawn here, so that the logits of each draw are needed even when catching up
     * @param repeats whether the sender may be replaced by another, which may send again what the first one sent
     */
    StageInbox(boolean active, int capacity, int maxPositions, boolean draws, boolean repeats) {
        this.active = active;
        this.capacity = capacity;
        this.maxPositions = maxPositions;
        this.draws = draws;
        this.repeats = repeats;
    }

    /**
     * Takes a frame.
     *
     * @param wait whether to wait for room, or to refuse
     * @throws WireException if it does not follow the one before, or is too much
     */
    void put(Frame frame, boolean wait) throws WireException, InterruptedException {
        lock.lockInterruptibly();
        try {
            if (repeats && frame.end() <= end) {
                return; // by IG1 it has the same bytes as the one that came
            }
            follows(frame);
            while (active && frames.size() >= capacity) {
                if (!wait) {
                    throw new WireException("expected up to " + capacity + " frames under way, found more");
                }
                changed.await();
                if (repeats && frame.end() <= end) {
                    return;
                }
                follows(frame);
            }
            if (!active && kept + frame.positions() > MAX_KEPT_POSITIONS) {
                throw new WireException("expected up to " + MAX_KEPT_POSITIONS
                        + " positions at a standby before they are settled, found more");
            }
            frames.add(frame);
            end = frame.end();
            kept += frame.positions();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void follows(Frame frame) throws WireException {
        if (frame.position() != end) {
            throw new WireException("expected position " + end + ", found " + frame.position());
        }
        if (frame.positions() > maxPositions - end) {
            throw new WireException("expected up to " + maxPositions + " positions, found " + frame.end());
        }
    }

    /** The next work; waits until there is some. */
    Task take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                Frame first = frames.peek();
                if (first != null) {
                    int silentBefore = active ? outputFrom : settled;
                    if (first.end() <= silentBefore) {
                        return new Task(run(silentBefore), false);
                    }
                    if (active) {
                        return new Task(List.of(poll()), true);
                    }
                }
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private Frame poll() {
        Frame frame = frames.remove();
        kept -= frame.positions();
        changed.signalAll();
        return frame;
    }

    /** Frames that end before the position; where tokens are drawn, either one chunk, or single positions. */
    private List<Frame> run(int before) {
        var parts = new ArrayList<Frame>();
        int positions = 0;
        for (Frame next; (next = frames.peek()) != null; ) {
            positions += next.positions();
            boolean fits = parts.isEmpty()
                    || (positions <= (draws ? WindowClaim.POSITIONS : MAX_MERGED_POSITIONS)
                            && !(draws
                                    && (next.positions() > 1 || parts.getFirst().positions() > 1)));
            if (next.end() > before || !fits) {
                break;
            }
            parts.add(poll());
        }
        return parts;
    }

    private static StageInput joined(List<Frame> parts) {
        if (parts.getFirst().input() instanceof Boundary(int positions, int dimension, byte[] wire)) {
            int bytes = parts.stream()
                    .mapToInt(part -> ((Boundary) part.input()).wire().length)
                    .sum();
            byte[] all = new byte[bytes];
            int at = 0;
            for (Frame part : parts) {
                byte[] one = ((Boundary) part.input()).wire();
                System.arraycopy(one, 0, all, at, one.length);
                at += one.length;
            }
            return new Boundary(bytes / (2 * dimension), dimension, all);
        }
        return new StageInput.Tokens(parts.stream()
                .flatMapToInt(part -> IntStream.of(((StageInput.Tokens) part.input()).ids()))
                .toArray());
    }

    /** The whole pipeline is past the positions before this one. */
    void settle(int position) throws WireException {
        lock.lock();
        try {
            if (active || position < settled) {
                throw new WireException("expected a standby at position " + settled + " or behind, found "
                        + (active ? "an active stage" : "it settled up to " + position));
            }
            settled = position;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** From here on it computes at once, and what comes out from {@code position} on is wanted. */
    void activate(int position) throws WireException {
        lock.lock();
        try {
            if (active || position < settled) {
                throw new WireException("expected a standby that takes over at position " + settled
                        + " or behind, found " + (active ? "an active stage" : "position " + position));
            }
            active = true;
            outputFrom = position;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean active() {
        lock.lock();
        try {
            return active;
        } finally {
            lock.unlock();
        }
    }
}
