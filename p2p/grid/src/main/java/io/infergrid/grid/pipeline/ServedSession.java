package io.infergrid.grid.pipeline;

import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.sampling.Sampler;
import io.infergrid.compute.sampling.SamplingParameters;
import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.pipeline.StageMessage.Attach;
import io.infergrid.grid.pipeline.StageMessage.Drawn;
import io.infergrid.grid.pipeline.StageMessage.Failed;
import io.infergrid.grid.pipeline.StageMessage.Failed.Reason;
import io.infergrid.grid.pipeline.StageMessage.Hidden;
import io.infergrid.grid.pipeline.StageMessage.Hop;
import io.infergrid.grid.pipeline.StageMessage.Open;
import io.infergrid.grid.pipeline.StageMessage.Tokens;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One session on one stage of this node. Its frames wait in a short queue; a virtual thread of its own takes them one by one
 * through the engine and passes the result on: to the next stage, or, drawn, to the gateway.
 */
final class ServedSession {

    /** Frames that a gateway may have under way to the first stage. */
    static final int MAX_UNDER_WAY = 64;

    private static final Duration REACH_NEXT = Duration.ofSeconds(10);
    private static final Duration LINGER = Duration.ofSeconds(3);
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    /** Is told once when a session is over. */
    interface Ended {
        void ended(ServedSession session, boolean begun, @Nullable Failed why);
    }

    private final Open open;
    private final LoadedStage stage;
    private final Stream control;
    private final Swarm swarm;
    private final EngineThread engine;
    private final Clock clock;
    private final GridMetrics metrics;
    private final Ended ended;
    private final Instant startedAt;
    private final Sampler sampler;
    private final ArrayBlockingQueue<StageMessage> frames;
    private final AtomicBoolean over = new AtomicBoolean();
    private final CountDownLatch controlDone = new CountDownLatch(1);
    private final Object controlLock = new Object();
    private volatile Instant lastFrame;
    private volatile int position;
    private final AtomicLong computeNanos = new AtomicLong();
    private @Nullable StageSession cache;
    private @Nullable Thread worker;
    private @Nullable Stream previous;
    private @Nullable Stream next;

    ServedSession(
            Open open,
            LoadedStage stage,
            Stream control,
            Swarm swarm,
            EngineThread engine,
            Clock clock,
            GridMetrics metrics,
            Ended ended) {
        this.open = open;
        this.stage = stage;
        this.control = control;
        this.swarm = swarm;
        this.engine = engine;
        this.clock = clock;
        this.metrics = metrics;
        this.ended = ended;
        startedAt = clock.instant();
        lastFrame = startedAt;
        sampler = new Sampler(SamplingParameters.of(
                open.sampling().temperature(),
                open.sampling().topK(),
                open.sampling().topP(),
                open.sampling().seed()));
        frames = new ArrayBlockingQueue<>(stage.first() ? MAX_UNDER_WAY : 2);
    }

    Open open() {
        return open;
    }

    LoadedStage stage() {
        return stage;
    }

    PeerId gateway() {
        return control.remote();
    }

    Instant startedAt() {
        return startedAt;
    }

    Instant lastFrame() {
        return lastFrame;
    }

    /** Positions computed so far. */
    int position() {
        return position;
    }

    Duration compute() {
        return Duration.ofNanos(computeNanos.get());
    }

    int dimension() {
        return stage.manifest().dimension();
    }

    /** Takes the cache and starts; false if the session ended meanwhile. */
    synchronized boolean begin(StageSession newCache) {
        if (over.get()) {
            return false;
        }
        cache = newCache;
        worker = Thread.ofVirtual().name("session " + open.session()).start(this::work);
        return true;
    }

    // ---- frames in

    /** The stream of the stage before. */
    synchronized void attach(Stream stream) throws WireException {
        if (open.previous().isEmpty() || !open.previous().get().equals(stream.remote())) {
            throw new WireException("expected the stage before to attach, found " + stream.remote());
        }
        if (previous != null) {
            throw new WireException("expected one stream from the stage before, found another");
        }
        previous = stream;
    }

    /** Tokens from the gateway; never waits. */
    void offer(Tokens tokens) throws WireException {
        if (!stage.first()) {
            throw new WireException("expected tokens at the first stage only, found some at stage " + open.stage());
        }
        for (int id : tokens.ids()) {
            if (id >= stage.manifest().vocabulary()) {
                throw new WireException(
                        "expected a token below " + stage.manifest().vocabulary() + ", found " + id);
            }
        }
        lastFrame = clock.instant();
        if (!frames.offer(tokens)) {
            throw new WireException("expected up to " + MAX_UNDER_WAY + " frames under way, found more");
        }
    }

    /** Boundary activations from the stage before; waits while two frames are in hand. */
    void put(Hidden hidden) throws WireException, InterruptedException {
        long expected = 2L * hidden.positions() * dimension();
        if (hidden.wire().length != expected) {
            throw new WireException("expected " + expected + " bytes of boundary for " + hidden.positions()
                    + " positions, found " + hidden.wire().length);
        }
        if (hidden.micros().length != open.stage()) {
            throw new WireException(
                    "expected the times of " + open.stage() + " stages, found " + hidden.micros().length);
        }
        lastFrame = clock.instant();
        frames.put(hidden);
    }

    // ---- work

    private void work() {
        try {
            while (true) {
                switch (frames.take()) {
                    case Tokens(var at, var drawn, var ids) -> step(at, new StageInput.Tokens(ids), drawn, new int[0]);
                    case Hidden(var at, var positions, var drawn, var micros, var wire) ->
                        step(at, new Boundary(positions, dimension(), wire), drawn, micros);
                    case StageMessage other -> throw new IllegalStateException("no frame of work: " + other);
                }
            }
        } catch (WireException bad) {
            metrics.count("stage.bad");
            end(new Failed(Reason.PROTOCOL, String.valueOf(bad.getMessage())));
        } catch (IOException gone) {
            // only the way to the gateway fails like this
            end(null);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error broken) {
            end(new Failed(Reason.ENGINE, String.valueOf(broken.getMessage())));
        }
    }

    private void step(int at, StageInput input, boolean drawn, int[] before) throws IOException, InterruptedException {
        int positions = input.positions();
        if (at != position) {
            throw new WireException("expected position " + position + ", found " + at);
        }
        if (positions > open.maxPositions() - at) {
            throw new WireException("expected up to " + open.maxPositions() + " positions, found " + (at + positions));
        }
        StageSession on = Objects.requireNonNull(cache);
        EngineThread.Computed computed =
                engine.step(stage.stage(), new Stage.Work(on, input, LogitsWanted.LAST), over::get);
        position = at + positions;
        computeNanos.addAndGet(computed.share());
        if (positions == 1) {
            stage.stepTime().measured(computed.nanos());
        }
        metrics.add("stage.positions", positions);
        int[] micros = Arrays.copyOf(before, before.length + 1);
        micros[before.length] = (int) Math.min(Integer.MAX_VALUE, computed.nanos() / 1000);
        switch (computed.output()) {
            case StageOutput.Logits logits ->
                tell(new Drawn(position, drawn ? sampler.next(logits.values()[0], position) : -1, micros));
            case Boundary boundary -> pass(new Hidden(at, positions, drawn, micros, boundary.wire()));
        }
    }

    /** Sends to the next stage; reaches it first if this is the first frame. */
    private void pass(Hidden hidden) {
        try {
            Stream to = next;
            if (to == null) {
                Hop hop = open.next().orElseThrow();
                to = swarm.open(hop.peer(), hop.addresses(), StageServer.PROTOCOL, REACH_NEXT);
                Frames.write(to.out(), new Attach(open.session()).encode());
                synchronized (this) {
                    next = to;
                }
                if (over.get()) {
                    to.reset();
                }
            }
            Frames.write(to.out(), hidden.encode());
            to.out().flush();
            metrics.add("stage.boundary.bytes.sent", hidden.wire().length);
        } catch (IOException lost) {
            end(new Failed(Reason.NEXT_LOST, "the next stage was lost: " + lost.getMessage()));
        }
    }

    /** Sends to the gateway. */
    void tell(StageMessage message) throws IOException {
        synchronized (controlLock) {
            Frames.write(control.out(), message.encode());
            control.out().flush();
        }
    }

    // ---- the end

    /**
     * Ends the session, once: tells the gateway why, unless it is the gateway that left, drops the streams, frees the cache.
     * Returns soon; the cache is freed behind the work in hand.
     */
    void end(@Nullable Failed why) {
        if (!over.compareAndSet(false, true)) {
            return;
        }
        if (why != null) {
            lastWords(why);
        }
        Thread running;
        StageSession held;
        synchronized (this) {
            drop(previous, why);
            drop(next, why);
            running = worker;
            held = cache;
        }
        if (running != null && !running.equals(Thread.currentThread())) {
            running.interrupt();
        }
        if (why == null) {
            control.reset();
        } else {
            linger();
        }
        engine.later(() -> {
            if (held != null) {
                held.close();
            }
            ended.ended(this, held != null, why);
        });
    }

    /** The session never began: frees its place, leaves the control stream to whoever says why. */
    void abandon() {
        if (over.compareAndSet(false, true)) {
            ended.ended(this, false, null);
        }
    }

    private static void drop(@Nullable Stream stream, @Nullable Failed why) {
        if (stream != null) {
            if (why == null) {
                stream.close();
            } else {
                stream.reset();
            }
        }
    }

    /** Leaves the gateway time to read the last words: a reset could overtake them. */
    private void linger() {
        Thread.ofVirtual().name("linger").start(() -> {
            try {
                controlDone.await(LINGER.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            control.reset();
        });
    }

    /** The control stream's handler is done with it. */
    void controlDone() {
        controlDone.countDown();
    }

    boolean isOver() {
        return over.get();
    }

    /** A gateway that does not read must not hold us up. */
    private void lastWords(Failed why) {
        Thread speaker = Thread.ofVirtual().name("last words").start(() -> {
            try {
                tell(why);
                control.closeWrite();
            } catch (IOException gone) {
                // it left first
            }
        });
        try {
            speaker.join(LAST_WORDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
