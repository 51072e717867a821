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
import io.infergrid.grid.batching.Priority;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.payment.CreditGate;
import io.infergrid.grid.payment.Offer;
import io.infergrid.grid.payment.Payments;
import io.infergrid.grid.pipeline.StageInbox.Frame;
import io.infergrid.grid.pipeline.StageMessage.Attach;
import io.infergrid.grid.pipeline.StageMessage.Committed;
import io.infergrid.grid.pipeline.StageMessage.Drawn;
import io.infergrid.grid.pipeline.StageMessage.Failed;
import io.infergrid.grid.pipeline.StageMessage.Failed.Reason;
import io.infergrid.grid.pipeline.StageMessage.Hidden;
import io.infergrid.grid.pipeline.StageMessage.Hop;
import io.infergrid.grid.pipeline.StageMessage.LinkLost;
import io.infergrid.grid.pipeline.StageMessage.LinkLost.Link;
import io.infergrid.grid.pipeline.StageMessage.Open;
import io.infergrid.grid.pipeline.StageMessage.Paid;
import io.infergrid.grid.pipeline.StageMessage.Revealed;
import io.infergrid.grid.pipeline.StageMessage.TakeOver;
import io.infergrid.grid.pipeline.StageMessage.Tokens;
import io.infergrid.grid.verification.WindowClaim;
import io.infergrid.grid.verification.WindowHasher;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One session on one stage of this node. A virtual thread of its own takes what {@link StageInbox} has through the engine and passes the
 * result on: to the next stage and its standby, or, drawn, to the gateway. A standby's session only fills its cache, until the
 * gateway lets it take over.
 */
final class ServedSession {

    /** Frames that a gateway may have under way to the first stage. */
    static final int MAX_UNDER_WAY = 64;

    /** Vouchers of a session that may be on their way to the disk. */
    private static final int MAX_VOUCHERS = 64;

    private static final Duration REACH_NEXT = Duration.ofSeconds(10);
    private static final Duration LINGER = Duration.ofSeconds(3);
    /** How long it waits for a voucher once the credit is used up. */
    private static final Duration UNPAID_PATIENCE = Duration.ofSeconds(5);

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
    private final CacheRoom room;
    private final Optional<Offer> offer;
    private final Optional<CreditGate> gate;
    private final String profile;
    private final SecureRandom salts;
    private final WindowHasher hasher = new WindowHasher();
    /** Windows committed to and not revealed yet; guarded by itself. */
    private final LinkedHashMap<Integer, WindowClaim> claims = new LinkedHashMap<>();

    private final Instant startedAt;
    private final Sampler sampler;
    private final StageInbox inbox;
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicInteger storing = new AtomicInteger();
    private final CountDownLatch controlDone = new CountDownLatch(1);
    private final Object controlLock = new Object();
    private volatile Instant lastFrame;
    private volatile @Nullable Instant orphanedAt;
    private volatile int position;
    private final AtomicLong computeNanos = new AtomicLong();
    private @Nullable StageSession cache;
    private @Nullable Thread worker;
    private @Nullable Stream previous;
    private int previousRank = -1;
    private @Nullable Stream next;
    private Optional<Hop> nextHop;
    private Optional<Hop> teeHop;
    private @Nullable Tee tee;
    private @Nullable Tee promoted;
    private boolean nextLost;

    ServedSession(
            Open open,
            LoadedStage stage,
            Stream control,
            Swarm swarm,
            EngineThread engine,
            Clock clock,
            GridMetrics metrics,
            String profile,
            SecureRandom salts,
            CacheRoom room,
            Payments payments,
            Ended ended) {
        this.open = open;
        this.stage = stage;
        this.control = control;
        this.swarm = swarm;
        this.engine = engine;
        this.clock = clock;
        this.metrics = metrics;
        this.ended = ended;
        this.room = room;
        var service = new Payments.Service(
                open.session(), open.model(), open.blocks(), control.remote(), swarm.self(), open.standby());
        offer = payments.offer(service);
        gate = offer.map(terms -> new CreditGate(payments, service, terms, UNPAID_PATIENCE));
        startedAt = clock.instant();
        lastFrame = startedAt;
        sampler = new Sampler(SamplingParameters.of(
                open.sampling().temperature(),
                open.sampling().topK(),
                open.sampling().topP(),
                open.sampling().seed()));
        nextHop = open.next();
        teeHop = open.tee();
        inbox = new StageInbox(
                !open.standby(),
                stage.first() ? MAX_UNDER_WAY : 2,
                open.maxPositions(),
                stage.last(),
                open.previous().size() > 1);
        this.profile = profile;
        this.salts = salts;
    }

    Open open() {
        return open;
    }

    LoadedStage stage() {
        return stage;
    }

    /** Most bytes that its keys and values can take. */
    long cacheBytes() {
        return stage.kvBytes(open.maxPositions());
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

    /** The stream of the stage before, or of the standby that took over from it. */
    synchronized void attach(Stream stream) throws WireException {
        int rank = open.previous().indexOf(stream.remote());
        if (rank < 0) {
            throw new WireException("expected the stage before to attach, found " + stream.remote());
        }
        if (rank <= previousRank) {
            throw new WireException("expected one stream from the stage before, found another");
        }
        if (previous != null) {
            previous.reset();
        }
        previous = stream;
        previousRank = rank;
        orphanedAt = null;
    }

    /** The stream of the stage before has ended. */
    void detached(Stream stream, String why) {
        synchronized (this) {
            if (previous != stream || over.get()) {
                return; // another has taken its place, or it does not matter any more
            }
            if (previousRank + 1 < open.previous().size()) {
                orphanedAt = clock.instant();
            }
        }
        if (orphanedAt == null) {
            end(new Failed(Reason.PREVIOUS_LOST, why));
        } else {
            linkLost(Link.PREVIOUS, stream.remote(), why);
        }
    }

    /** Since when nobody sends, though somebody may take over; null while somebody does. */
    @Nullable
    Instant orphanedAt() {
        return orphanedAt;
    }

    /** Tokens from the gateway; never waits. */
    void offer(Tokens tokens) throws WireException, InterruptedException {
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
        inbox.put(new Frame(tokens.position(), tokens.draw(), new int[0], new StageInput.Tokens(tokens.ids())), false);
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
        var boundary = new Boundary(hidden.positions(), dimension(), hidden.wire());
        inbox.put(new Frame(hidden.position(), hidden.draw(), hidden.micros(), boundary), true);
    }

    // ---- standbys

    /** This standby may compute what lies before the position. */
    void settle(int settled) throws WireException {
        inbox.settle(settled);
    }

    /** This standby is the stage now. */
    void takeOver(TakeOver now) throws WireException {
        if (now.next().isEmpty() != stage.last()) {
            throw new WireException("expected a next stage for all but the last, found "
                    + (stage.last() ? "one for the last" : "none"));
        }
        synchronized (this) {
            nextHop = now.next();
            teeHop = now.tee();
        }
        inbox.activate(now.position());
        metrics.count("stage.takeovers");
    }

    /** The next stage is gone; its standby, which was sent the same, is the next stage. */
    void promote() throws WireException {
        Tee standby = tee();
        if (standby == null) {
            throw new WireException(
                    "expected to be told of a standby that this stage sends to, found that it has none");
        }
        Stream old;
        synchronized (this) {
            promoted = standby;
            tee = null;
            teeHop = Optional.empty();
            old = next;
        }
        if (old != null) {
            old.reset();
        }
    }

    /** The way to the next stage's standby; begins with the first use. */
    private synchronized @Nullable Tee tee() {
        if (tee == null && teeHop.isPresent() && !over.get()) {
            Hop hop = teeHop.get();
            tee = new Tee(swarm, hop, open.session(), why -> linkLost(Link.TEE, hop.peer(), why));
        }
        return tee;
    }

    /** Tells the gateway, on a thread of its own, since it may not read. */
    private void linkLost(Link link, PeerId peer, String why) {
        metrics.count("stage.links.lost");
        Thread.ofVirtual().name("link lost").start(() -> {
            try {
                tell(new LinkLost(link, peer, why));
            } catch (IOException gone) {
                end(null);
            }
        });
    }

    // ---- work

    private void work() {
        try {
            while (true) {
                step(inbox.take());
            }
        } catch (IOException gone) {
            // only the way to the gateway fails like this
            end(null);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } catch (CreditGate.Unpaid unpaid) {
            metrics.count("stage.sessions.unpaid");
            end(new Failed(Reason.UNPAID, String.valueOf(unpaid.getMessage())));
        } catch (CacheRoom.NoRoom full) {
            end(new Failed(Reason.BUSY, String.valueOf(full.getMessage())));
        } catch (RuntimeException | Error broken) {
            end(new Failed(Reason.ENGINE, String.valueOf(broken.getMessage())));
        }
    }

    private void step(StageInbox.Task task)
            throws IOException, InterruptedException, CacheRoom.NoRoom, CreditGate.Unpaid {
        StageSession on = Objects.requireNonNull(cache);
        StageInput input = task.input();
        boolean each = stage.last() && task.frames().size() > 1;
        var work = new Stage.Work(on, input, each ? LogitsWanted.ALL : LogitsWanted.LAST);
        if (gate.isPresent()) {
            gate.get().enter(task.end());
        }
        EngineThread.Computed computed;
        room.enter(this);
        try {
            computed = engine.step(stage.stage(), work, caller(), over::get);
        } finally {
            room.leave(this);
        }
        position = task.end();
        computeNanos.addAndGet(computed.share());
        if (input.positions() == 1) {
            stage.stepTime().measured(computed.nanos());
        }
        metrics.add("stage.positions", input.positions());
        int[] drawn = drawn(task.frames(), computed.output());
        if (task.output()) {
            putOut(task.frames().getFirst(), computed, drawn);
        } else {
            metrics.add("stage.positions.standby", input.positions());
        }
        commit(input, task.frames(), computed.output(), drawn);
    }

    /** A standby gives way to those that somebody waits for, until it is the stage. */
    private EngineThread.Caller caller() {
        Priority priority = inbox.active() ? open.priority() : open.priority().orLater(Priority.STANDBY);
        return new EngineThread.Caller(gateway(), priority);
    }

    /** Puts the cache away; on the engine's thread. */
    void suspend() {
        StageSession held;
        synchronized (this) {
            held = cache;
        }
        if (held != null && !over.get()) {
            held.suspend();
        }
    }

    /** For each frame the token drawn behind it, -1 for none. */
    private int[] drawn(List<Frame> frames, StageOutput output) {
        int[] tokens = new int[frames.size()];
        Arrays.fill(tokens, -1);
        if (output instanceof StageOutput.Logits(float[][] values)) {
            for (int i = 0; i < tokens.length; i++) {
                if (frames.get(i).draw()) {
                    tokens[i] = sampler.next(values[i], frames.get(i).end());
                }
            }
        }
        return tokens;
    }

    private void putOut(Frame frame, EngineThread.Computed computed, int[] drawn)
            throws IOException, InterruptedException {
        int[] micros = Arrays.copyOf(frame.micros(), frame.micros().length + 1);
        micros[micros.length - 1] = (int) Math.min(Integer.MAX_VALUE, computed.nanos() / 1000);
        switch (computed.output()) {
            case StageOutput.Logits logits -> tell(new Drawn(frame.end(), drawn[0], micros));
            case Boundary boundary ->
                pass(new Hidden(frame.position(), frame.positions(), frame.draw(), micros, boundary.wire()));
        }
    }

    // ---- what this stage will be held to

    /** Behind the answer, so that no token waits for it: hashes what went in and came out, and commits to each window that ends. */
    private void commit(StageInput input, List<Frame> frames, StageOutput output, int[] drawn) throws IOException {
        int bytes = 2 * dimension();
        int at = 0;
        for (int f = 0; f < frames.size(); f++) {
            Frame frame = frames.get(f);
            for (int p = 1; p <= frame.positions(); p++, at++) {
                switch (input) {
                    case StageInput.Tokens tokens -> hasher.tokenIn(tokens.ids()[at]);
                    case Boundary boundary -> hasher.boundaryIn(boundary.wire(), at * bytes, bytes);
                }
                if (output instanceof Boundary boundary) {
                    hasher.boundaryOut(boundary.wire(), at * bytes, bytes);
                } else if (p == frame.positions() && drawn[f] >= 0) {
                    hasher.tokenOut(frame.end(), drawn[f]);
                }
                var done = hasher.positionDone();
                if (done.isPresent()) {
                    commit(done.get());
                }
            }
        }
    }

    private void commit(WindowHasher.Done done) throws IOException {
        byte[] salt = new byte[WindowClaim.SALT_BYTES];
        salts.nextBytes(salt);
        var claim = new WindowClaim(
                open.session(),
                open.model(),
                open.blocks(),
                open.stage(),
                done.window(),
                done.in(),
                done.out(),
                profile,
                swarm.self(),
                salt);
        synchronized (claims) {
            claims.put(done.window(), claim);
            if (claims.size() > MAX_UNDER_WAY) {
                claims.pollFirstEntry();
            }
        }
        var commitment = claim.commitment();
        gate.ifPresent(credit -> credit.committed(commitment));
        metrics.count("stage.windows.committed");
        tell(new Committed(done.window(), commitment, swarm.sign(WindowClaim.toSign(commitment))));
    }

    /** The gateway has every commitment to a window. */
    void reveal(int window) throws IOException {
        WindowClaim claim;
        synchronized (claims) {
            claim = claims.remove(window);
        }
        if (claim == null) {
            throw new WireException("expected a window that this stage committed to, found " + window);
        }
        tell(new Revealed(window, claim.secret()));
    }

    Optional<Offer> offer() {
        return offer;
    }

    /** A voucher came; it is stored on a thread of its own, since tokens come on the same stream. */
    void paid(Paid voucher) throws WireException {
        CreditGate credit = gate.orElseThrow(
                () -> new WireException("expected no voucher at a stage that works for nothing, found one"));
        if (storing.incrementAndGet() > MAX_VOUCHERS) {
            throw new WireException("expected up to " + MAX_VOUCHERS + " vouchers under way, found more");
        }
        Thread.ofVirtual().name("voucher " + open.session()).start(() -> {
            try {
                Optional<String> rejected = credit.paid(voucher.windows(), voucher.committed(), voucher.voucher());
                metrics.count(rejected.isPresent() ? "stage.vouchers.rejected" : "stage.vouchers");
            } finally {
                storing.decrementAndGet();
            }
        });
    }

    /** Sends to the next stage and to its standby; reaches the next stage if this is the first frame. */
    private void pass(Hidden hidden) throws InterruptedException {
        byte[] frame = hidden.encode();
        metrics.add("stage.boundary.bytes.sent", hidden.wire().length);
        Tee beside = tee();
        if (beside != null) {
            beside.offer(frame);
        }
        Tee instead;
        synchronized (this) {
            instead = promoted;
            if (nextLost && instead == null) {
                return; // the standby has it, and the gateway knows
            }
        }
        try {
            if (instead == null) {
                toNext(frame);
            } else if (instead != beside) {
                instead.put(frame);
            }
        } catch (IOException lost) {
            nextLost(String.valueOf(lost.getMessage()), instead != null);
        }
    }

    private void toNext(byte[] frame) throws IOException {
        Stream to = next;
        if (to == null) {
            Hop hop = nextHop.orElseThrow();
            to = swarm.open(hop.peer(), hop.addresses(), StageServer.PROTOCOL, REACH_NEXT);
            Frames.write(to.out(), new Attach(open.session()).encode());
            synchronized (this) {
                next = to;
            }
            if (over.get()) {
                to.reset();
            }
        }
        Frames.write(to.out(), frame);
        to.out().flush();
    }

    private void nextLost(String why, boolean last) {
        boolean hope;
        synchronized (this) {
            nextLost = true;
            // promoted meanwhile: what failed was the stream to the stage that is gone
            hope = !last && (promoted != null || (tee != null && tee.alive()));
            if (hope && promoted != null) {
                return;
            }
        }
        if (hope) {
            linkLost(Link.NEXT, nextHop.orElseThrow().peer(), why);
        } else {
            end(new Failed(Reason.NEXT_LOST, "the next stage was lost: " + why));
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
            if (tee != null) {
                tee.close();
            }
            if (promoted != null) {
                promoted.close();
            }
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
