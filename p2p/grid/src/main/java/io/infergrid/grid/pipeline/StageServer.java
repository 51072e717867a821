package io.infergrid.grid.pipeline;

import io.infergrid.compute.engine.StageSession;
import io.infergrid.grid.BlockRange;
import io.infergrid.grid.GridListener;
import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.Hash;
import io.infergrid.grid.Role;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.payment.Payments;
import io.infergrid.grid.pipeline.StageMessage.Attach;
import io.infergrid.grid.pipeline.StageMessage.Failed;
import io.infergrid.grid.pipeline.StageMessage.Failed.Reason;
import io.infergrid.grid.pipeline.StageMessage.Hidden;
import io.infergrid.grid.pipeline.StageMessage.Open;
import io.infergrid.grid.pipeline.StageMessage.Opened;
import io.infergrid.grid.pipeline.StageMessage.Paid;
import io.infergrid.grid.pipeline.StageMessage.Probe;
import io.infergrid.grid.pipeline.StageMessage.Promote;
import io.infergrid.grid.pipeline.StageMessage.Reached;
import io.infergrid.grid.pipeline.StageMessage.Reveal;
import io.infergrid.grid.pipeline.StageMessage.Settled;
import io.infergrid.grid.pipeline.StageMessage.TakeOver;
import io.infergrid.grid.pipeline.StageMessage.Tokens;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Computes stages for gateways: admits sessions within the limits, hands their frames to the engine in turn, frees them when
 * the gateway leaves, when they idle, or when a frame is not as it must be. Thread-safe.
 */
public final class StageServer implements AutoCloseable {

    public static final String PROTOCOL = "/infergrid/stage/2";

    private static final Duration GREETING = Duration.ofSeconds(10);
    /** How long a session waits for a standby to take over from the stage before. */
    private static final Duration ORPHAN_PATIENCE = Duration.ofSeconds(15);

    private final Swarm swarm;
    private final EngineThread engine;
    private final Limits limits;
    private final String profile;
    private final SecureRandom salts = new SecureRandom();
    private final Clock clock;
    private final GridMetrics metrics;
    private final GridListener listener;
    private final Map<String, ServedSession> sessions = new HashMap<>();
    private final List<LoadedStage> stages = new ArrayList<>();
    private final Thread sweeper;
    private final CacheRoom room;
    private final Payments payments;
    private boolean draining;
    private boolean closed;

    /** @param idle a session without a frame for so long is closed */
    public record Limits(int sessions, long kvBytes, Duration idle) {}

    /** @param profile the arithmetic that this node's stages claim to compute in */
    public StageServer(
            Swarm swarm,
            EngineThread engine,
            Limits limits,
            String profile,
            Clock clock,
            GridMetrics metrics,
            GridListener listener,
            Payments payments) {
        this(swarm, engine, limits, profile, clock, metrics, listener, payments, CacheRoom.Patience.DEFAULT);
    }

    StageServer(
            Swarm swarm,
            EngineThread engine,
            Limits limits,
            String profile,
            Clock clock,
            GridMetrics metrics,
            GridListener listener,
            Payments payments,
            CacheRoom.Patience patience) {
        this.payments = payments;
        this.profile = profile;
        this.swarm = swarm;
        this.engine = engine;
        this.limits = limits;
        this.clock = clock;
        this.metrics = metrics;
        this.listener = listener;
        room = new CacheRoom(limits.kvBytes(), engine, patience, System::nanoTime, metrics);
        sweeper = Thread.ofVirtual().name("idle sessions").unstarted(this::sweep);
    }

    public void start() {
        swarm.serve(PROTOCOL, "stage", this::serve);
        sweeper.start();
    }

    // ---- what is served

    public synchronized void add(LoadedStage stage) {
        stages.add(stage);
        draining = false;
    }

    public synchronized List<LoadedStage> stages() {
        return List.copyOf(stages);
    }

    /** Sessions that would still be taken. */
    public synchronized int freeSlots() {
        return draining || stages.isEmpty() ? 0 : Math.max(0, limits.sessions() - sessions.size());
    }

    public synchronized int sessions() {
        return sessions.size();
    }

    /** Takes no new sessions. */
    public synchronized void drain() {
        draining = true;
    }

    /** Ends all sessions and frees the stages; waits for the latter. */
    public void removeAll() throws InterruptedException {
        List<LoadedStage> loaded = endAll();
        // behind the sessions' own last work on the engine
        engine.run(() -> {
            loaded.forEach(LoadedStage::close);
            return true;
        });
    }

    /** Takes sessions again after {@link #drain}, if this stage is loaded. */
    public synchronized boolean resume(Hash model, BlockRange blocks) {
        boolean here = stages.stream()
                .anyMatch(stage -> stage.model().equals(model) && stage.blocks().equals(blocks));
        draining &= !here;
        return here;
    }

    private List<LoadedStage> endAll() {
        List<ServedSession> open;
        List<LoadedStage> loaded;
        synchronized (this) {
            draining = true;
            open = List.copyOf(sessions.values());
            loaded = List.copyOf(stages);
            stages.clear();
        }
        for (ServedSession session : open) {
            session.end(new Failed(Reason.ENGINE, "this node stops serving"));
        }
        return loaded;
    }

    // ---- streams

    private void serve(Stream stream) throws IOException, InterruptedException {
        stream.timeout(GREETING);
        byte[] first = Frames.require(stream.in(), StageMessage.MAX_CONTROL_BYTES, "a session to open or attach to");
        stream.timeout(Duration.ZERO);
        switch (StageMessage.decode(first)) {
            case Open open -> control(open, stream);
            case Attach(var id) -> data(find(id), stream);
            case StageMessage other -> throw unexpected("a session to open or attach to", other);
        }
    }

    private static WireException unexpected(String expected, StageMessage found) {
        return new WireException(
                "expected " + expected + ", found " + found.getClass().getSimpleName());
    }

    /** The stream between a gateway and its session here. */
    private void control(Open open, Stream stream) throws IOException, InterruptedException {
        ServedSession session;
        try {
            session = admit(open, stream);
        } catch (Refusal refusal) {
            metrics.count("stage.sessions.refused");
            Frames.write(stream.out(), refusal.failed.encode());
            stream.out().flush();
            stream.closeWrite();
            return;
        }
        try {
            session.tell(new Opened(session.offer()));
            for (byte[] frame; (frame = Frames.read(stream.in(), StageMessage.MAX_CONTROL_BYTES)) != null; ) {
                switch (StageMessage.decode(frame)) {
                    case Tokens tokens -> session.offer(tokens);
                    case Probe() -> session.tell(new Reached(session.position()));
                    case Settled(var position) -> session.settle(position);
                    case TakeOver now -> session.takeOver(now);
                    case Promote() -> session.promote();
                    case Reveal(var window) -> session.reveal(window);
                    case Paid paid -> session.paid(paid);
                    case StageMessage other ->
                        throw unexpected("tokens, a probe, a voucher or word of a standby", other);
                }
            }
            session.end(null);
        } catch (WireException bad) {
            session.end(new Failed(Reason.PROTOCOL, String.valueOf(bad.getMessage())));
            throw bad;
        } catch (IOException gone) {
            session.end(null);
        } finally {
            session.controlDone();
        }
    }

    /** The stream on which the stage before sends boundary activations. */
    private void data(@Nullable ServedSession session, Stream stream) throws IOException, InterruptedException {
        if (session == null) {
            throw new WireException("expected the id of an open session, found another");
        }
        session.attach(stream);
        int maxBytes = StageMessage.maxHiddenBytes(session.dimension());
        try {
            for (byte[] frame; (frame = Frames.read(stream.in(), maxBytes)) != null; ) {
                switch (StageMessage.decode(frame)) {
                    case Hidden hidden -> session.put(hidden);
                    case StageMessage other -> throw unexpected("boundary activations", other);
                }
            }
            session.detached(stream, "the stage before ended the session");
        } catch (WireException bad) {
            session.end(new Failed(Reason.PROTOCOL, String.valueOf(bad.getMessage())));
            throw bad;
        } catch (IOException gone) {
            session.detached(stream, String.valueOf(gone.getMessage()));
        }
    }

    // ---- admission

    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1;
        private final transient Failed failed;

        Refusal(Reason reason, String text) {
            super(text, null, false, false);
            failed = new Failed(reason, text);
        }
    }

    private ServedSession admit(Open open, Stream control) throws Refusal, InterruptedException {
        ServedSession session;
        synchronized (this) {
            LoadedStage stage = stages.stream()
                    .filter(s -> s.model().equals(open.model()) && s.blocks().equals(open.blocks()))
                    .findFirst()
                    .orElseThrow(() -> new Refusal(
                            Reason.UNKNOWN,
                            "expected blocks that are served here, found " + open.blocks() + " of "
                                    + open.model().brief()));
            if (open.previous().isEmpty() != stage.first()
                    || (open.stage() == 0) != stage.first()
                    || open.next().isEmpty() != stage.last()) {
                throw new Refusal(
                        Reason.PROTOCOL, "expected a stage before all but the first and behind all but the last");
            }
            if (open.maxPositions() > stage.manifest().contextLength()) {
                throw new Refusal(
                        Reason.PROTOCOL,
                        "expected up to " + stage.manifest().contextLength() + " positions, found "
                                + open.maxPositions());
            }
            if (sessions.containsKey(open.session())) {
                throw new Refusal(Reason.PROTOCOL, "expected a new session, found one that is open");
            }
            if (draining || sessions.size() >= slotsFor(control.remote())) {
                throw new Refusal(
                        Reason.BUSY,
                        draining
                                ? "this node takes no new sessions"
                                : "all " + limits.sessions() + " session slots are taken");
            }
            // holds the slot while the engine makes the cache
            session = new ServedSession(
                    open, stage, control, swarm, engine, clock, metrics, profile, salts, room, payments, this::ended);
            sessions.put(open.session(), session);
        }
        try {
            room.admit(session, limits.sessions());
            engine.run(() -> begin(session));
        } catch (CacheRoom.NoRoom full) {
            session.abandon();
            throw new Refusal(Reason.BUSY, String.valueOf(full.getMessage()));
        } catch (RuntimeException failed) {
            session.abandon();
            throw new Refusal(
                    Reason.ENGINE, "no cache for " + open.maxPositions() + " positions: " + failed.getMessage());
        }
        metrics.count("stage.sessions.opened");
        listener.jobStarted(job(session));
        return session;
    }

    /** Peers that have no session here find a few slots that those who have some cannot take. */
    private int slotsFor(PeerId gateway) {
        boolean known =
                sessions.values().stream().anyMatch(session -> session.gateway().equals(gateway));
        return limits.sessions() + (known || limits.sessions() == 0 ? 0 : Math.ceilDiv(limits.sessions(), 4));
    }

    /** On the engine thread, so that a stage is not freed meanwhile. */
    private static boolean begin(ServedSession session) {
        if (!session.isOver()) {
            StageSession cache = session.stage().stage().open(session.open().maxPositions());
            if (session.begin(cache)) {
                return true;
            }
            cache.close();
        }
        throw new IllegalStateException("this node stops serving");
    }

    private synchronized @Nullable ServedSession find(String id) {
        return sessions.get(id);
    }

    /** A session is over; its cache is already closed. */
    private void ended(ServedSession session, boolean begun, @Nullable Failed why) {
        synchronized (this) {
            sessions.remove(session.open().session(), session);
        }
        room.release(session);
        if (!begun) {
            return;
        }
        String error = why == null || why.reason() == Reason.PREVIOUS_LOST ? "" : why.text();
        boolean failed = !error.isEmpty();
        var end = new GridListener.JobEnd(
                failed ? "failed" : "closed",
                session.position(),
                Duration.between(session.startedAt(), clock.instant()),
                session.compute(),
                List.of(swarm.self().toString()),
                0,
                "",
                error);
        if (failed) {
            metrics.count("stage.sessions.failed");
            listener.jobFailed(job(session), end);
        } else {
            metrics.count("stage.sessions.closed");
            listener.jobFinished(job(session), end);
        }
    }

    private GridListener.Job job(ServedSession session) {
        LoadedStage stage = session.stage();
        return new GridListener.Job(
                session.open().session(),
                Role.WORKER,
                session.gateway().toString(),
                stage.model(),
                stage.manifest().name(),
                stage.blocks(),
                0,
                List.of(swarm.self().toString()),
                session.startedAt());
    }

    // ---- idle sessions

    private void sweep() {
        long millis = Math.max(50, Math.min(5_000, limits.idle().toMillis() / 4));
        try {
            while (true) {
                synchronized (this) {
                    if (closed) {
                        return;
                    }
                    wait(millis);
                }
                expireIdle();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the sessions that had no frame for the idle limit, and those whose stage before was lost and not replaced. */
    void expireIdle() {
        Instant oldest = clock.instant().minus(limits.idle());
        List<ServedSession> idle;
        synchronized (this) {
            idle = sessions.values().stream()
                    .filter(session -> session.lastFrame().isBefore(oldest))
                    .toList();
        }
        Instant lost = clock.instant().minus(ORPHAN_PATIENCE);
        List<ServedSession> orphans;
        synchronized (this) {
            orphans = sessions.values().stream()
                    .filter(session -> {
                        Instant since = session.orphanedAt();
                        return since != null && since.isBefore(lost);
                    })
                    .toList();
        }
        for (ServedSession session : orphans) {
            session.end(new Failed(
                    Reason.PREVIOUS_LOST,
                    "nobody took over from the stage before for " + ORPHAN_PATIENCE.toSeconds() + " s"));
        }
        for (ServedSession session : idle) {
            metrics.count("stage.sessions.expired");
            session.end(new Failed(Reason.IDLE, "no frame for " + limits.idle().toSeconds() + " s"));
        }
    }

    /** Ends all sessions; the stages are freed behind the work in hand, at the latest when the engine is closed. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        List<LoadedStage> loaded = endAll();
        engine.later(() -> loaded.forEach(LoadedStage::close));
    }
}
