package io.infergrid.grid.pipeline;

import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.pipeline.StageMessage.Attach;
import io.infergrid.grid.pipeline.StageMessage.Hop;
import io.infergrid.grid.wire.Frames;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends boundary activations to the standby of the next stage, on a thread of its own, so that a slow or dead standby never holds up the
 * stage: when its queue is full it is given up. Once the standby has taken over, senders wait for it as for any next stage.
 */
final class Tee {

    private static final Duration REACH = Duration.ofSeconds(10);
    private static final int QUEUE = 64;
    /** Wakes the sender. An interrupt would not do: Java closes a socket under an interrupted thread that writes to it. */
    private static final byte[] END = {};

    private final Swarm swarm;
    private final Hop hop;
    private final String session;
    private final Consumer<String> lost;
    private final ArrayBlockingQueue<byte[]> queue = new ArrayBlockingQueue<>(QUEUE);
    private volatile @Nullable String ended;
    private volatile @Nullable Stream stream;

    /** @param lost told once why it was given up; not after {@link #close} */
    Tee(Swarm swarm, Hop hop, String session, Consumer<String> lost) {
        this.swarm = swarm;
        this.hop = hop;
        this.session = session;
        this.lost = lost;
        Thread.ofVirtual().name("tee " + session).start(this::send);
    }

    private void send() {
        try {
            Stream to = swarm.open(hop.peer(), hop.addresses(), StageServer.PROTOCOL, REACH);
            stream = to;
            Frames.write(to.out(), new Attach(session).encode());
            to.out().flush();
            while (ended == null) {
                byte @Nullable [] frame = queue.take();
                for (; frame != null && frame.length > 0; frame = queue.poll()) {
                    Frames.write(to.out(), frame);
                }
                to.out().flush();
            }
        } catch (IOException gone) {
            giveUp(String.valueOf(gone.getMessage()));
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        Stream to = stream;
        if (to != null) {
            to.reset();
        }
    }

    private void giveUp(String why) {
        boolean first;
        synchronized (this) {
            first = ended == null;
            if (first) {
                ended = why;
            }
        }
        if (first) {
            wake();
            lost.accept(why);
        }
    }

    private void wake() {
        queue.clear();
        boolean _ = queue.offer(END);
    }

    /** Whether the standby is still sent to. */
    boolean alive() {
        return ended == null;
    }

    /** Sends it too; never waits. */
    void offer(byte[] frame) {
        if (ended == null && !queue.offer(frame)) {
            giveUp("it does not keep up: " + QUEUE + " frames wait for it");
        }
    }

    /** Sends it, now that the standby is the next stage; waits while the queue is full. */
    void put(byte[] frame) throws IOException, InterruptedException {
        while (true) {
            String why = ended;
            if (why != null) {
                throw new IOException(why);
            }
            if (queue.offer(frame, 100, TimeUnit.MILLISECONDS)) {
                return;
            }
        }
    }

    void close() {
        synchronized (this) {
            if (ended == null) {
                ended = "closed";
            }
        }
        wake();
        Stream to = stream;
        if (to != null) {
            to.reset();
        }
    }
}
