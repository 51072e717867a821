package io.infergrid.libp2p.transport;

import io.infergrid.libp2p.Event;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Many streams over one secured connection. Thread-safe. Yamux is one, a QUIC connection another. */
public interface MuxedSession extends AutoCloseable {

    /** Hears of what the other side does, on a thread of the session; must return at once. */
    interface Listener {

        /** A stream that the other side opened. Its place is free again once it is closed here and ended or reset there. */
        void opened(MuxedStream stream);

        /** A limit was hit on this session, which goes on. */
        void hit(Event event);

        /** The other side wants no new streams; those that are open go on. */
        void goingAway();

        /** The session is over; null if one of the sides closed it in order. Called once, and only after {@link MuxedSession#start}. */
        void closed(@Nullable IOException cause);
    }

    /** Begins; the listener may be called from now on, also before this returns. Called once. */
    void start(Listener listener);

    /**
     * Opens a stream; the other side may not hear of it before the first write. Waits while too many are unanswered.
     *
     * @throws IOException if the session is over or going away, or the wait takes longer than the limit
     */
    MuxedStream open(Duration limit) throws IOException;

    /** Whether new streams can be opened. */
    boolean isOpen();

    /** Streams that are not over on both sides, opened by either. */
    int openStreams();

    /** The last measured round trip, zero if there is none yet. */
    Duration roundTrip();

    /** Tells the other side to open no more streams, where the multiplexer can; those that are open go on. */
    void goAway();

    /** Ends the session and all its streams in order; does not wait for the network. */
    @Override
    void close();

    /** Ends the session at once, telling nobody. May be called before {@link #start}. */
    void abort();

    /** Does what is due; called about four times a second; never blocks. */
    void tick();
}
