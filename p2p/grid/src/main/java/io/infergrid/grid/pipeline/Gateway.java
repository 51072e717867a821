package io.infergrid.grid.pipeline;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.GenerationRequest;
import io.infergrid.grid.GenerationResult;
import io.infergrid.grid.GridException;
import io.infergrid.grid.GridListener;
import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.Hash;
import io.infergrid.grid.Role;
import io.infergrid.grid.TokenListener;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.payment.Payments;
import io.infergrid.grid.pipeline.Chain.StageLost;
import io.infergrid.grid.pipeline.RoutePlanner.Candidate;
import io.infergrid.grid.pipeline.StageMessage.Drawn;
import io.infergrid.grid.pipeline.StageMessage.Tokens;
import io.infergrid.grid.verification.WindowAudit;
import io.infergrid.grid.verification.WindowAudit.Verdict;
import io.infergrid.libp2p.PeerId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs jobs over the grid. If a stage is lost, its standby takes over where the pipeline is. If it has none, or both are lost, the job
 * plans a new route and feeds the journal of its tokens from the start: by IG1 every holder of the same blocks gives the same
 * bytes, so the answer goes on as if nothing had happened. Thread-safe.
 */
public final class Gateway {

    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
    private static final Duration REPLAN_PATIENCE = Duration.ofSeconds(10);
    private static final Duration REFUSED_PATIENCE = Duration.ofSeconds(1);
    private static final Duration OPEN_LIMIT = Duration.ofSeconds(10);
    private static final Duration TICK = Duration.ofMillis(50);
    /** A stage with a standby is asked how far it is when a token takes this many times as long as usual. */
    private static final int HEDGE_FACTOR = 3;
    /** Tokens before it is known what is usual. */
    private static final int HEDGE_AFTER = 8;

    /** How long an answer that is complete waits until the last windows are paid. */
    private static final Duration SETTLE_UP = Duration.ofMillis(500);

    private static final int MAX_REPLANS = 8;
    /** Losses of the same peer in one job after which it is not asked again. */
    private static final int MAX_STRIKES = 2;

    private final Swarm swarm;
    private final Function<Hash, List<Candidate>> candidates;
    private final Consumer<PeerId> suspect;
    private final String profile;
    private final int prefillChunk;
    private final Duration stepLimit;
    private final Duration hedgeLeast;
    private final Clock clock;
    private final RandomGenerator random;
    private final GridMetrics metrics;
    private final GridListener listener;
    private final Payments payments;
    private final Map<Candidate.Key, StepTime> stepTimes = new ConcurrentHashMap<>();

    /**
     * @param candidates the stages that peers announce for a model, now
     * @param profile the arithmetic that all stages compute in
     * @param suspect told of a peer that was lost, so that it is forgotten until it is heard again
     */
    public Gateway(
            Swarm swarm,
            Function<Hash, List<Candidate>> candidates,
            Consumer<PeerId> suspect,
            String profile,
            int prefillChunk,
            Duration stepLimit,
            Duration hedgeLeast,
            Clock clock,
            RandomGenerator random,
            GridMetrics metrics,
            GridListener listener,
            Payments payments) {
        this.payments = payments;
        this.swarm = swarm;
        this.candidates = candidates;
        this.suspect = suspect;
        this.profile = profile;
        this.prefillChunk = prefillChunk;
        this.stepLimit = stepLimit;
        this.hedgeLeast = hedgeLeast;
        this.clock = clock;
        this.random = random;
        this.metrics = metrics;
        this.listener = listener;
    }

    /** Time of one token at a stage, as this gateway saw it; zero if it did not. */
    public Duration stepTime(PeerId peer, BlockRange blocks) {
        StepTime time = stepTimes.get(new Candidate.Key(peer, blocks));
        return time == null ? Duration.ZERO : time.average();
    }

    /** As {@link io.infergrid.grid.GridNode#generate}. */
    public GenerationResult generate(
            Manifest manifest, GenerationRequest request, TokenListener tokens, BooleanSupplier cancelled)
            throws GridException, InterruptedException {
        check(manifest, request);
        byte[] id = new byte[StageMessage.ID_BYTES];
        synchronized (random) {
            random.nextBytes(id);
        }
        return new Job(HexFormat.of().formatHex(id), manifest, request, tokens, cancelled).run();
    }

    private static void check(Manifest manifest, GenerationRequest request) throws GridException {
        long positions = (long) request.prompt().length + request.maxTokens();
        if (request.prompt().length >= manifest.contextLength()) {
            throw new GridException.BadRequest("expected a prompt of fewer than " + manifest.contextLength()
                    + " tokens, found " + request.prompt().length);
        }
        if (positions > Integer.MAX_VALUE) {
            throw new GridException.BadRequest(
                    "expected prompt and answer within " + manifest.contextLength() + " tokens, found " + positions);
        }
        for (int token : request.prompt()) {
            if (token < 0 || token >= manifest.vocabulary()) {
                throw new GridException.BadRequest(
                        "expected prompt tokens below " + manifest.vocabulary() + ", found " + token);
            }
        }
    }

    /** One call of {@link #generate}; used by its thread only. */
    private final class Job implements Chain.Watcher, WindowAudit.Own {

        private final String id;
        private final Manifest manifest;
        private final Hash model;
        private final GenerationRequest request;
        private final TokenListener tokens;
        private final BooleanSupplier cancelled;
        private final Journal journal;
        private final int lengthLimit;
        private final Instant startedAt = clock.instant();
        private final long start = System.nanoTime();
        private final Map<PeerId, Integer> strikes = new HashMap<>();
        private List<String> stages = List.of();
        private int replans;
        private int takeovers;
        private @Nullable Chain current;
        private final StepTime usual = new StepTime();
        private int drawnTokens;
        /** By the pipeline in use. */
        private final List<Drawn> drawnHere = new ArrayList<>();

        private String trouble = "";
        private GridListener.@Nullable Job announced;

        Job(String id, Manifest manifest, GenerationRequest request, TokenListener tokens, BooleanSupplier cancelled) {
            this.id = id;
            this.manifest = manifest;
            this.model = request.model();
            this.request = request;
            this.tokens = tokens;
            this.cancelled = cancelled;
            lengthLimit = Math.min(manifest.contextLength(), request.prompt().length + request.maxTokens());
            journal = new Journal(request.prompt(), lengthLimit, window -> listener.windowDone(id, window));
        }

        GenerationResult run() throws GridException, InterruptedException {
            boolean ended = false;
            String error = "interrupted";
            try {
                List<Candidate> route = route(Duration.ZERO);
                begin(route);
                String reason = answer(route);
                ended = true;
                return finish(reason);
            } catch (GridException failed) {
                error = String.valueOf(failed.getMessage());
                throw failed;
            } catch (RuntimeException | Error broken) {
                error = "failed: " + broken;
                throw broken;
            } finally {
                if (!ended) {
                    fail(error);
                }
            }
        }

        private void begin(List<Candidate> route) {
            stages = peers(route);
            var job = new GridListener.Job(
                    id,
                    Role.GATEWAY,
                    swarm.self().toString(),
                    model,
                    manifest.name(),
                    new BlockRange(0, manifest.blocks()),
                    request.prompt().length,
                    stages,
                    startedAt);
            announced = job;
            metrics.count("gateway.jobs.started");
            listener.jobStarted(job);
            journal.begin();
        }

        /** Until the answer ends, over as many pipelines as it takes; the reason why it ended. */
        private String answer(List<Candidate> first) throws GridException, InterruptedException {
            List<Candidate> route = first;
            while (true) {
                StageLost lost;
                String session = id();
                drawnHere.clear();
                var audit = new WindowAudit(
                        session, model, route.stream().map(Candidate::blocks).toList(), profile, this);
                try (Chain chain = Chain.open(
                        swarm,
                        session,
                        model,
                        route,
                        RoutePlanner.standbys(route, usable()),
                        lengthLimit,
                        request.sampling(),
                        request.priority(),
                        atMost(OPEN_LIMIT),
                        audit,
                        new Payroll(payments, session, model, swarm.self(), metrics),
                        this)) {
                    current = chain;
                    String reason = advance(chain);
                    chain.settleUp(SETTLE_UP);
                    return reason;
                } catch (StageLost failure) {
                    lost = failure;
                    Chain last = current;
                    route = last == null ? route : last.route();
                } finally {
                    current = null;
                }
                route = after(lost, route);
            }
        }

        @Override
        public void swapped(Candidate lostStage, boolean refused, String why) {
            trouble = why;
            LOG.info("job {}: {}; its standby has taken over", id, why);
            metrics.count("gateway.stages.lost");
            metrics.count("gateway.standbys.swapped");
            strike(lostStage.peer(), refused);
            takeovers++;
            Chain chain = current;
            if (chain != null) {
                stages = peers(chain.route());
                listener.jobMoved(id, why, stages);
            }
        }

        @Override
        public void checked(Verdict verdict) {
            metrics.count("gateway.windows." + verdict.outcome().name().toLowerCase(Locale.ROOT));
            if (verdict.outcome() != WindowAudit.Outcome.AGREED) {
                LOG.warn("job {}: {}", id, verdict.sentence());
                trouble = verdict.sentence();
            }
            listener.windowChecked(id, verdict);
        }

        @Override
        public boolean others(Candidate one, Candidate other) {
            strike(one.peer(), true);
            strike(other.peer(), true);
            boolean others = RoutePlanner.plan(manifest.blocks(), usable()).isPresent();
            if (!others) {
                strikes.remove(one.peer());
            }
            return others;
        }

        @Override
        public Optional<Hash> tokensIn(int window) {
            int from = window * Journal.WINDOW;
            return from + Journal.WINDOW <= journal.size()
                    ? Optional.of(new Hash(journal.sha256(from, from + Journal.WINDOW)))
                    : Optional.empty();
        }

        @Override
        public Optional<Hash> tokensOut(int window) {
            var hasher = Hash.sha256();
            var eight = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            for (Drawn drawn : drawnHere) {
                if ((drawn.position() - 1) / Journal.WINDOW == window) {
                    hasher.update(eight.clear()
                            .putInt(drawn.position())
                            .putInt(drawn.token())
                            .array());
                }
            }
            return Optional.of(Hash.of(hasher.digest()));
        }

        private void strike(PeerId peer, boolean refused) {
            strikes.merge(peer, refused ? MAX_STRIKES : 1, Integer::sum);
            if (!refused) {
                suspect.accept(peer);
            }
        }

        /** Each pipeline of a job has a session id of its own, so that leftovers of the one before are not in the way. */
        private String id() {
            return replans == 0
                    ? id
                    : Hash.of(Hash.sha256().digest((id + replans).getBytes(StandardCharsets.US_ASCII)))
                            .hex()
                            .substring(0, 2 * StageMessage.ID_BYTES);
        }

        private Duration atMost(Duration limit) {
            return stepLimit.compareTo(limit) < 0 ? stepLimit : limit;
        }

        private List<Candidate> after(StageLost lost, List<Candidate> route)
                throws GridException, InterruptedException {
            PeerId peer = route.get(lost.stage()).peer();
            trouble = String.valueOf(lost.getMessage());
            LOG.info("job {}: {}", id, trouble);
            metrics.count("gateway.stages.lost");
            strike(peer, lost.refused());
            if (++replans > MAX_REPLANS) {
                throw new GridException.PipelineLost(
                        "expected a pipeline that holds, found it lost " + replans + " times; at last " + trouble);
            }
            List<Candidate> next = route(atMost(lost.refused() ? REFUSED_PATIENCE : REPLAN_PATIENCE));
            stages = peers(next);
            listener.jobMoved(id, trouble, stages);
            return next;
        }

        private List<Candidate> route(Duration patience) throws GridException, InterruptedException {
            long deadline = System.nanoTime() + patience.toNanos();
            while (true) {
                List<Candidate> usable = usable();
                Optional<List<Candidate>> route = RoutePlanner.plan(manifest.blocks(), usable);
                if (route.isPresent()) {
                    return route.get();
                }
                if (System.nanoTime() >= deadline || cancelled.getAsBoolean()) {
                    String gap = RoutePlanner.uncovered(manifest.blocks(), usable);
                    throw new GridException.NoRoute("expected stages for all " + manifest.blocks() + " blocks of "
                            + manifest.name() + ", found "
                            + (gap.isEmpty() ? "ranges that do not fit together" : "nobody for blocks " + gap)
                            + (trouble.isEmpty() ? "" : "; " + trouble));
                }
                Thread.sleep(TICK);
            }
        }

        private List<Candidate> usable() {
            return candidates.apply(model).stream()
                    .filter(candidate -> strikes.getOrDefault(candidate.peer(), 0) < MAX_STRIKES)
                    .toList();
        }

        private static List<String> peers(List<Candidate> route) {
            return route.stream().map(candidate -> candidate.peer().toString()).toList();
        }

        /** Feeds the journal, then each drawn token, until the answer ends. */
        private String advance(Chain chain) throws StageLost, InterruptedException {
            int fed = 0;
            int caughtUp = 0;
            long askedAt = System.nanoTime();
            var underWay = new ArrayDeque<Integer>(); // ends of the frames sent
            long waitingSince = System.nanoTime();
            while (true) {
                if (cancelled.getAsBoolean()) {
                    return "cancelled";
                }
                while (fed < journal.size() && underWay.size() <= chain.stages()) {
                    int end = Math.min(journal.size(), fed + prefillChunk);
                    chain.send(new Tokens(fed, end == journal.size(), journal.tokens(fed, end)));
                    underWay.add(end);
                    fed = end;
                }
                Drawn drawn = chain.poll(TICK);
                long now = System.nanoTime();
                if (drawn == null) {
                    Duration waited = Duration.ofNanos(now - waitingSince);
                    boolean enough = waited.compareTo(stepLimit) > 0;
                    if (enough
                            || now - Math.max(waitingSince, askedAt)
                                    > patience(chain).toNanos()) {
                        int takeoversBefore = takeovers;
                        chain.silent(underWay.getFirst(), waited, enough);
                        askedAt = System.nanoTime();
                        waitingSince = takeovers > takeoversBefore ? askedAt : waitingSince;
                    }
                    continue;
                }
                int end = underWay.removeFirst();
                check(chain, drawn, end);
                chain.settled(end);
                if (end - caughtUp >= Journal.WINDOW) {
                    chain.catchUp();
                    caughtUp = end;
                }
                if (drawn.token() >= 0) {
                    drawnHere.add(drawn);
                    if (drawnTokens++ > 0) {
                        usual.measured(now - waitingSince);
                    }
                    measure(chain, drawn);
                    if (request.stopTokens().contains(drawn.token())) {
                        return "stop";
                    }
                    journal.add(drawn.token());
                    metrics.count("gateway.tokens");
                    tokens.token(drawn.token(), hops(chain, drawn));
                    if (journal.size() >= lengthLimit) {
                        return "length";
                    }
                }
                waitingSince = System.nanoTime();
            }
        }

        /** How long to wait before asking who holds things up; not long where a standby is at hand and it is known what is usual. */
        private Duration patience(Chain chain) {
            if (chain.standbys() == 0 || drawnTokens < HEDGE_AFTER) {
                return stepLimit;
            }
            Duration hedge = usual.average().multipliedBy(HEDGE_FACTOR);
            return atMost(hedge.compareTo(hedgeLeast) > 0 ? hedge : hedgeLeast);
        }

        private void check(Chain chain, Drawn drawn, int end) throws StageLost {
            boolean owed = end == journal.size();
            if (drawn.position() != end
                    || drawn.micros().length != chain.stages()
                    || drawn.token() >= manifest.vocabulary()
                    || owed != drawn.token() >= 0) {
                metrics.count("gateway.answers.bad");
                throw new StageLost(
                        chain.stages() - 1,
                        true,
                        "the last stage was expected to "
                                + (owed ? "draw a token below " + manifest.vocabulary() : "draw no token")
                                + " at position "
                                + end + " with the times of " + chain.stages() + " stages, found token " + drawn.token()
                                + " at " + drawn.position() + " with " + drawn.micros().length);
            }
        }

        private void measure(Chain chain, Drawn drawn) {
            if (journal.size() > request.prompt().length) { // the first token ends a chunk, not a step
                for (int i = 0; i < chain.stages(); i++) {
                    Candidate at = chain.candidate(i);
                    stepTimes
                            .computeIfAbsent(new Candidate.Key(at.peer(), at.blocks()), key -> new StepTime())
                            .measured(drawn.micros()[i] * 1000L);
                }
            }
        }

        private List<TokenListener.Hop> hops(Chain chain, Drawn drawn) {
            var hops = new ArrayList<TokenListener.Hop>();
            for (int i = 0; i < chain.stages(); i++) {
                Candidate at = chain.candidate(i);
                hops.add(new TokenListener.Hop(
                        i, at.peer().toString(), at.blocks(), Duration.ofNanos(drawn.micros()[i] * 1000L)));
            }
            return hops;
        }

        private GenerationResult finish(String reason) {
            journal.end();
            Duration time = Duration.ofNanos(System.nanoTime() - start);
            int[] answer = journal.tokens(request.prompt().length, journal.size());
            var job = announced;
            if (job != null) {
                listener.jobFinished(
                        job,
                        new GridListener.JobEnd(
                                reason,
                                answer.length,
                                time,
                                Duration.ZERO,
                                stages,
                                replans + takeovers,
                                journal.sha256(),
                                ""));
            }
            metrics.count("gateway.jobs.finished");
            return new GenerationResult(id, answer, reason, stages, replans + takeovers, time, journal.sha256());
        }

        private void fail(String error) {
            var job = announced;
            if (job == null) {
                return;
            }
            journal.end();
            metrics.count("gateway.jobs.failed");
            listener.jobFailed(
                    job,
                    new GridListener.JobEnd(
                            "failed",
                            journal.size() - request.prompt().length,
                            Duration.ofNanos(System.nanoTime() - start),
                            Duration.ZERO,
                            stages,
                            replans + takeovers,
                            journal.sha256(),
                            error));
        }
    }
}
