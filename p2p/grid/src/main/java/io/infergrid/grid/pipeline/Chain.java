package io.infergrid.grid.pipeline;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.Hash;
import io.infergrid.grid.batching.Priority;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.payment.Offer;
import io.infergrid.grid.pipeline.RoutePlanner.Candidate;
import io.infergrid.grid.pipeline.StageMessage.Committed;
import io.infergrid.grid.pipeline.StageMessage.Drawn;
import io.infergrid.grid.pipeline.StageMessage.Failed;
import io.infergrid.grid.pipeline.StageMessage.Hop;
import io.infergrid.grid.pipeline.StageMessage.LinkLost;
import io.infergrid.grid.pipeline.StageMessage.Open;
import io.infergrid.grid.pipeline.StageMessage.Opened;
import io.infergrid.grid.pipeline.StageMessage.Probe;
import io.infergrid.grid.pipeline.StageMessage.Promote;
import io.infergrid.grid.pipeline.StageMessage.Reached;
import io.infergrid.grid.pipeline.StageMessage.Reveal;
import io.infergrid.grid.pipeline.StageMessage.Revealed;
import io.infergrid.grid.pipeline.StageMessage.Settled;
import io.infergrid.grid.pipeline.StageMessage.TakeOver;
import io.infergrid.grid.pipeline.StageMessage.Tokens;
import io.infergrid.grid.verification.WindowAudit;
import io.infergrid.grid.verification.WindowAudit.Verdict;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A gateway's side of one session over a route: a control stream to each stage and to each stage's standby. When a stage is lost its
 * standby takes over, in the middle of a token if need be: it was sent the same input, so it computes what it lacks, and goes on
 * where the pipeline is. Used by one thread; what the stages say is collected by one reader each.
 */
final class Chain implements AutoCloseable {

    private static final Duration PROBE_LIMIT = Duration.ofSeconds(2);
    /** Longer than this a pipeline does not wait for a standby that opens. */
    private static final Duration STANDBY_LIMIT = Duration.ofSeconds(2);

    /** A peer of this session. Its stream is guarded by itself. */
    static final class Member {
        private final int stage;
        private final Candidate candidate;
        private final boolean standby;
        private @Nullable Stream stream;
        private boolean dropped;

        Member(int stage, Candidate candidate, boolean standby) {
            this.standby = standby;
            this.stage = stage;
            this.candidate = candidate;
        }

        PeerId peer() {
            return candidate.peer();
        }

        BlockRange blocks() {
            return candidate.blocks();
        }

        /** Whether it began as one. */
        boolean standby() {
            return standby;
        }

        Hop hop() {
            return new Hop(candidate.peer(), candidate.addresses());
        }

        synchronized boolean opened(Stream opened) {
            stream = opened;
            return !dropped;
        }

        void tell(StageMessage message) throws IOException {
            Stream to;
            synchronized (this) {
                to = stream;
            }
            if (to == null) {
                throw new IOException("no stream to it");
            }
            Frames.write(to.out(), message.encode());
            to.out().flush();
        }

        void drop() {
            Stream open;
            synchronized (this) {
                dropped = true;
                open = stream;
            }
            if (open != null) {
                open.reset();
            }
        }

        @Override
        public String toString() {
            return "stage " + stage + " (blocks " + candidate.blocks() + ", peer " + candidate.peer() + ")";
        }
    }

    /** What a member said, or that it was lost. */
    private sealed interface Event {
        Member from();

        record Said(Member from, StageMessage message) implements Event {}

        record Gone(Member from, String why) implements Event {}
    }

    /** A stage was lost, or refused; the pipeline does not work without another for it. */
    static final class StageLost extends Exception {
        private static final long serialVersionUID = 1;
        private final int stage;
        private final boolean refused;

        StageLost(int stage, boolean refused, String message) {
            super(message);
            this.stage = stage;
            this.refused = refused;
        }

        int stage() {
            return stage;
        }

        /** True if the peer said no, or hangs: asking it again for this job is no use. */
        boolean refused() {
            return refused;
        }
    }

    /** What a chain tells the job that it works for, on the job's thread. */
    interface Watcher {

        /** A standby has taken over. */
        void swapped(Candidate lost, boolean refused, String why);

        /** All who computed a window have revealed what. */
        void checked(Verdict verdict);

        /** Two peers say different things of a window, and it is not clear who is wrong: whether others can be had in place of both. */
        boolean others(Candidate one, Candidate other);
    }

    private final Watcher watcher;
    private final WindowAudit audit;
    private final Payroll payroll;
    private final Member[] active;
    private final @Nullable Member[] standby;
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    /** Events that came while another was waited for. */
    private final Deque<Event> aside = new ArrayDeque<>();

    private int settled;

    private Chain(
            List<Candidate> route,
            List<Optional<Candidate>> standbys,
            WindowAudit audit,
            Payroll payroll,
            Watcher watcher) {
        this.payroll = payroll;
        this.audit = audit;
        this.watcher = watcher;
        active = new Member[route.size()];
        standby = new @Nullable Member[route.size()];
        for (int stage = 0; stage < route.size(); stage++) {
            int at = stage;
            active[stage] = new Member(stage, route.get(stage), false);
            standby[stage] = standbys.get(stage)
                    .map(candidate -> new Member(at, candidate, true))
                    .orElse(null);
        }
    }

    /**
     * Opens the session on all stages and standbys at once; each has {@code limit} to be reached and as long again to answer. It works
     * without the standbys that do not open.
     *
     * @param standbys one for each stage of the route, or none
     * @param audit of what the peers commit to
     */
    static Chain open(
            Swarm swarm,
            String session,
            Hash model,
            List<Candidate> route,
            List<Optional<Candidate>> standbys,
            int maxPositions,
            Sampling sampling,
            Priority priority,
            Duration limit,
            WindowAudit audit,
            Payroll payroll,
            Watcher watcher)
            throws StageLost, InterruptedException {
        var chain = new Chain(route, standbys, audit, payroll, watcher);
        boolean ready = false;
        try {
            List<Member> members = chain.members();
            for (Member member : members) {
                var open = chain.opening(member, session, model, maxPositions, sampling, priority);
                Thread.ofVirtual()
                        .name("stage " + member.stage + " of " + session)
                        .start(() -> chain.follow(swarm, member, open, limit));
            }
            chain.awaitOpened(members, limit);
            ready = true;
            return chain;
        } finally {
            if (!ready) {
                chain.close();
            }
        }
    }

    private Open opening(
            Member member, String session, Hash model, int maxPositions, Sampling sampling, Priority priority) {
        int stage = member.stage;
        var previous = new ArrayList<PeerId>();
        if (stage > 0) {
            previous.add(active[stage - 1].peer());
            Member second = standby[stage - 1];
            if (second != null) {
                previous.add(second.peer());
            }
        }
        return new Open(
                session,
                model,
                member.candidate.blocks(),
                stage,
                maxPositions,
                previous,
                next(stage),
                tee(stage),
                !member.equals(active[stage]),
                sampling,
                priority);
    }

    private Optional<Hop> next(int stage) {
        return stage + 1 < active.length ? Optional.of(active[stage + 1].hop()) : Optional.empty();
    }

    private Optional<Hop> tee(int stage) {
        Member after = stage + 1 < active.length ? standby[stage + 1] : null;
        return after == null ? Optional.empty() : Optional.of(after.hop());
    }

    private List<Member> members() {
        var all = new ArrayList<Member>();
        for (int stage = 0; stage < active.length; stage++) {
            all.add(active[stage]);
            Member second = standby[stage];
            if (second != null) {
                all.add(second);
            }
        }
        return all;
    }

    private void awaitOpened(List<Member> members, Duration limit) throws StageLost, InterruptedException {
        int stages = active.length;
        int standbys = members.size() - stages;
        long deadline = System.nanoTime() + limit.multipliedBy(3).toNanos();
        long standbyDeadline = Math.min(deadline, System.nanoTime() + STANDBY_LIMIT.toNanos());
        while (stages > 0 || standbys > 0) {
            long left = (stages > 0 ? deadline : standbyDeadline) - System.nanoTime();
            Event event = events.poll(Math.max(0, left), TimeUnit.NANOSECONDS);
            if (event == null) {
                if (stages == 0) {
                    break;
                }
                throw new StageLost(
                        0,
                        false,
                        "expected sessions to open within "
                                + limit.multipliedBy(3).toSeconds() + " s, found silence");
            }
            Member from = event.from();
            boolean isActive = from.equals(active[from.stage]);
            if (event instanceof Event.Said(Member member, Opened(var offer))) {
                agree(member, offer);
                stages -= isActive ? 1 : 0;
                standbys -= isActive ? 0 : 1;
            } else if (isActive) {
                throw lost(event);
            } else {
                dropStandby(from);
                standbys--;
            }
        }
    }

    /** @throws StageLost if this gateway does not pay what a stage wants */
    private void agree(Member member, Optional<Offer> offer) throws StageLost {
        Optional<String> objection = payroll.hire(member, offer);
        if (objection.isPresent()) {
            if (member.equals(active[member.stage])) {
                throw new StageLost(member.stage, true, member + ": " + objection.get());
            }
            dropStandby(member);
        }
    }

    /** Waits for a moment until what was computed is paid, so that who worked does not lose the last windows. */
    void settleUp(Duration patience) throws InterruptedException {
        if (!payroll.owes()) {
            return;
        }
        catchUp();
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            while (payroll.owes() && System.nanoTime() < deadline) {
                poll(Duration.ofMillis(5));
            }
        } catch (StageLost over) {
            // the answer is complete
        }
    }

    /** Opens one member's control stream and reads it to its end; on a thread of its own. */
    private void follow(Swarm swarm, Member member, Open open, Duration limit) {
        try (Stream stream = swarm.open(member.peer(), member.candidate.addresses(), StageServer.PROTOCOL, limit)) {
            if (!member.opened(stream)) {
                return;
            }
            stream.timeout(limit);
            Frames.write(stream.out(), open.encode());
            stream.out().flush();
            for (byte[] frame; (frame = Frames.read(stream.in(), StageMessage.MAX_CONTROL_BYTES)) != null; ) {
                stream.timeout(Duration.ZERO);
                events.add(new Event.Said(member, StageMessage.decode(frame)));
            }
            events.add(new Event.Gone(member, "it ended the session"));
        } catch (IOException | RuntimeException gone) {
            events.add(new Event.Gone(member, String.valueOf(gone.getMessage())));
        }
    }

    int stages() {
        return active.length;
    }

    Candidate candidate(int stage) {
        return active[stage].candidate;
    }

    List<Candidate> route() {
        return Arrays.stream(active).map(member -> member.candidate).toList();
    }

    /** Stages that have a standby now. */
    int standbys() {
        return members().size() - active.length;
    }

    /** Sends tokens to the first stage and its standby. */
    void send(Tokens tokens) throws StageLost {
        Member second = standby[0];
        if (second != null) {
            tellStandby(second, tokens);
        }
        Member first = active[0];
        try {
            first.tell(tokens);
        } catch (IOException gone) {
            // if its standby takes over, it has these already
            swapOrLose(first, false, first + ": " + gone.getMessage());
        }
    }

    /** The whole pipeline is past the positions before this one: standbys may compute them. */
    void settled(int position) {
        settled = position;
        payroll.passed(position);
    }

    /** Lets the standbys catch up. */
    void catchUp() {
        for (Member second : standby) {
            if (second != null) {
                tellStandby(second, new Settled(settled));
            }
        }
    }

    private void tellStandby(Member second, StageMessage message) {
        try {
            second.tell(message);
        } catch (IOException gone) {
            dropStandby(second);
        }
    }

    private void dropStandby(Member member) {
        if (member.equals(standby[member.stage])) {
            standby[member.stage] = null;
            audit.gone(member.peer());
            payroll.alone(active[member.stage]);
        }
        payroll.dismiss(member);
        member.drop();
    }

    /**
     * What the last stage says next, or null if nothing came within {@code patience}, or if something else was settled meanwhile.
     *
     * @throws StageLost if a stage failed that has no standby
     */
    @Nullable
    Drawn poll(Duration patience) throws StageLost, InterruptedException {
        Event event = aside.poll();
        if (event == null) {
            event = events.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        }
        return event == null ? null : handle(event);
    }

    private @Nullable Drawn handle(Event event) throws StageLost {
        Member from = event.from();
        if (event instanceof Event.Said(Member at, Committed committed)) {
            committed(at, committed);
            return null;
        }
        if (event instanceof Event.Said(Member at, Revealed revealed)) {
            revealed(at, revealed);
            return null;
        }
        if (!from.equals(active[from.stage])) {
            fromStandby(event);
            return null;
        }
        switch (event) {
            case Event.Said(Member at, Drawn drawn)
            when at.stage == active.length - 1 -> {
                return drawn;
            }
            case Event.Said(Member at, Reached reached) -> {} // late answer to a probe
            case Event.Said(Member at, LinkLost loss) -> linkLost(at, loss);
            default -> {
                // whoever is to blame, this one's session is over
                StageLost lost = lost(event);
                if (standby[from.stage] == null) {
                    throw lost;
                }
                swapOrLose(from, lost.refused() && lost.stage() == from.stage, String.valueOf(lost.getMessage()));
            }
        }
        return null;
    }

    /** A standby, or a stage that was given up. */
    private void fromStandby(Event event) {
        Member from = event.from();
        if (event instanceof Event.Said(Member at, Opened(var offer)) && at.equals(standby[at.stage])) {
            if (payroll.hire(at, offer).isPresent()) {
                dropStandby(at);
            }
            return;
        }
        boolean fine = event instanceof Event.Said(Member at, Opened opened)
                || event instanceof Event.Said(Member by, Reached reached)
                // the stage before it may be on its way out; whoever takes over there will send to it
                || event instanceof Event.Said(Member to, LinkLost lost);
        if (!fine) {
            dropStandby(from);
        }
    }

    private void linkLost(Member at, LinkLost loss) throws StageLost {
        int stage = at.stage + (loss.link() == LinkLost.Link.PREVIOUS ? -1 : 1);
        if (stage < 0 || stage >= active.length) {
            return;
        }
        Member second = standby[stage];
        if (second != null && second.peer().equals(loss.peer())) {
            dropStandby(second);
        }
        Member blamed = active[stage];
        if (blamed.peer().equals(loss.peer())) { // else another is there already
            swapOrLose(blamed, false, blamed + " was lost to its neighbour: " + loss.text());
        }
    }

    // ---- windows

    private List<Member> computing(int stage) {
        Member second = standby[stage];
        return second == null ? List.of(active[stage]) : List.of(active[stage], second);
    }

    private void committed(Member from, Committed said) throws StageLost {
        List<Member> computing = computing(from.stage);
        if (!computing.contains(from)) {
            return; // it was given up meanwhile
        }
        payroll.committed(from, said.window(), said.commitment(), computing.size() < 2);
        try {
            List<PeerId> ask = audit.committed(
                    from.stage,
                    said.window(),
                    from.peer(),
                    said.commitment(),
                    said.signature(),
                    computing.stream().map(Member::peer).toList());
            for (Member member : computing) {
                if (ask.contains(member.peer())) {
                    member.tell(new Reveal(said.window()));
                }
            }
        } catch (WireException bad) {
            giveUp(from, bad.getMessage());
        } catch (IOException gone) {
            // its reader says so
        }
    }

    private void revealed(Member from, Revealed said) throws StageLost {
        if (!computing(from.stage).contains(from)) {
            return;
        }
        Optional<Verdict> verdict;
        try {
            verdict = audit.revealed(from.stage, said.window(), from.peer(), said.secret());
        } catch (WireException bad) {
            giveUp(from, bad.getMessage());
            return;
        }
        if (verdict.isEmpty()) {
            return;
        }
        watcher.checked(verdict.get());
        boolean agreed = verdict.get().outcome() == WindowAudit.Outcome.AGREED;
        computing(from.stage).forEach(member -> payroll.checked(member, said.window(), agreed));
        if (verdict.get().outcome() == WindowAudit.Outcome.AGREED) {
            return;
        }
        String why = verdict.get().sentence();
        List<Member> computing = computing(from.stage);
        for (Member member : computing) {
            if (verdict.get().accused().equals(Optional.of(member.peer()))) {
                giveUp(member, why);
                return;
            }
        }
        Member second = standby[from.stage];
        if (second != null && watcher.others(active[from.stage].candidate, second.candidate)) {
            throw new StageLost(from.stage, true, why);
        }
        if (second != null) {
            dropStandby(second); // nobody else is there: the answer goes on, and what was found is kept
        }
    }

    private void giveUp(Member member, @Nullable String why) throws StageLost {
        if (member.equals(active[member.stage])) {
            swapOrLose(member, true, member + ": " + why);
        } else {
            dropStandby(member);
        }
    }

    /** Lets the standby of a lost stage take over; the pipeline goes on as if nothing had happened. */
    private void swapOrLose(Member lost, boolean refused, String why) throws StageLost {
        int stage = lost.stage;
        Member second = standby[stage];
        if (second == null) {
            throw new StageLost(stage, refused, why);
        }
        lost.drop();
        audit.gone(lost.peer());
        payroll.dismiss(lost);
        payroll.alone(second);
        active[stage] = second;
        standby[stage] = null;
        try {
            second.tell(new TakeOver(settled, next(stage), tee(stage)));
        } catch (IOException gone) {
            throw new StageLost(stage, false, why + "; its standby is lost too: " + gone.getMessage());
        }
        watcher.swapped(lost.candidate, refused, why);
        if (stage > 0) {
            Member before = active[stage - 1];
            try {
                before.tell(new Promote());
            } catch (IOException gone) {
                swapOrLose(before, false, before + ": " + gone.getMessage());
            }
        }
    }

    /** Whom an event other than the expected one blames. */
    private StageLost lost(Event event) {
        return switch (event) {
            case Event.Gone(Member at, String why) -> new StageLost(at.stage, false, at + " was lost: " + why);
            case Event.Said(Member at, Failed(var reason, var text)) -> {
                int blamed = switch (reason) {
                    case NEXT_LOST -> Math.min(at.stage + 1, active.length - 1);
                    case PREVIOUS_LOST -> Math.max(at.stage - 1, 0);
                    case BUSY, UNKNOWN, PROTOCOL, IDLE, ENGINE, UNPAID -> at.stage;
                };
                boolean refused = blamed == at.stage && reason != Failed.Reason.IDLE;
                yield new StageLost(blamed, refused, active[blamed] + " failed: " + text);
            }
            case Event.Said(Member at, StageMessage message) ->
                new StageLost(
                        at.stage,
                        true,
                        at + " sent an unexpected " + message.getClass().getSimpleName());
        };
    }

    /**
     * Gives up who holds things up when nothing comes: the first stage that does not answer, else the one that is behind.
     *
     * @param position that the last stage was expected to reach
     * @param enough whether to give it up even if it has no standby; else it is left to go on
     * @throws StageLost if that stage has no standby
     */
    void silent(int position, Duration waited, boolean enough) throws StageLost, InterruptedException {
        Map<Member, Integer> reached = new HashMap<>();
        for (Member member : active.clone()) {
            try {
                member.tell(new Probe());
            } catch (IOException gone) {
                swapOrLose(member, false, member + ": " + gone.getMessage());
                return;
            }
        }
        long deadline = System.nanoTime() + PROBE_LIMIT.toNanos();
        while (reached.size() < active.length) {
            Event event = events.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (event == null) {
                break;
            }
            if (event instanceof Event.Said(Member at, Reached(var there))) {
                reached.put(at, there);
            } else {
                aside.add(event);
                if (!(event instanceof Event.Said(Member at, Drawn drawn))) {
                    return; // it says who is lost
                }
            }
        }
        if (!aside.isEmpty()) {
            return; // it came after all
        }
        Member slowest = active[0];
        for (Member member : active.clone()) {
            Integer there = reached.get(member);
            if (there == null) {
                if (enough || standby[member.stage] != null) {
                    swapOrLose(member, true, member + " does not answer");
                }
                return;
            }
            if (there < reached.getOrDefault(slowest, 0)) {
                slowest = member;
            }
        }
        if (!enough && standby[slowest.stage] == null) {
            return; // e.g. a standby that took over and still catches up
        }
        swapOrLose(
                slowest,
                true,
                slowest + " is stuck at position " + reached.get(slowest) + ", expected " + position + " within "
                        + waited.toMillis() / 1000.0 + " s");
    }

    /** Ends the session on all stages. */
    @Override
    public void close() {
        payroll.close();
        members().forEach(Member::drop);
    }
}
