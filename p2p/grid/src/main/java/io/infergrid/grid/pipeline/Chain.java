package io.infergrid.grid.pipeline;

import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.Hash;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.pipeline.RoutePlanner.Candidate;
import io.infergrid.grid.pipeline.StageMessage.Drawn;
import io.infergrid.grid.pipeline.StageMessage.Failed;
import io.infergrid.grid.pipeline.StageMessage.Hop;
import io.infergrid.grid.pipeline.StageMessage.Open;
import io.infergrid.grid.pipeline.StageMessage.Opened;
import io.infergrid.grid.pipeline.StageMessage.Probe;
import io.infergrid.grid.pipeline.StageMessage.Reached;
import io.infergrid.grid.pipeline.StageMessage.Tokens;
import io.infergrid.grid.wire.Frames;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A gateway's side of one session over a route: a control stream to each stage. Used by one thread; what the stages say is
 * collected by one reader a stage.
 */
final class Chain implements AutoCloseable {

    private static final Duration PROBE_LIMIT = Duration.ofSeconds(2);

    /** What a stage said, or that it was lost. */
    private sealed interface Event {
        int stage();

        record Said(int stage, StageMessage message) implements Event {}

        record Gone(int stage, String why) implements Event {}
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

    private final List<Candidate> route;
    private final @Nullable Stream[] streams;
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private volatile boolean closed;

    private Chain(List<Candidate> route) {
        this.route = List.copyOf(route);
        streams = new @Nullable Stream[route.size()];
    }

    /** Opens the session on all stages at once; each has {@code limit} to be reached and as long again to answer. */
    static Chain open(
            Swarm swarm,
            String session,
            Hash model,
            List<Candidate> route,
            int maxPositions,
            Sampling sampling,
            Duration limit)
            throws StageLost, InterruptedException {
        var chain = new Chain(route);
        boolean ready = false;
        try {
            for (int i = 0; i < route.size(); i++) {
                int stage = i;
                Optional<PeerId> previous =
                        i == 0 ? Optional.empty() : Optional.of(route.get(i - 1).peer());
                Optional<Hop> next = i == route.size() - 1
                        ? Optional.empty()
                        : Optional.of(new Hop(
                                route.get(i + 1).peer(), route.get(i + 1).addresses()));
                var open = new Open(session, model, route.get(i).blocks(), i, maxPositions, previous, next, sampling);
                Thread.ofVirtual()
                        .name("stage " + i + " of " + session)
                        .start(() -> chain.follow(swarm, stage, open, limit));
            }
            for (int opened = 0; opened < route.size(); opened++) {
                Event event = chain.next(limit.multipliedBy(3), "sessions to open");
                if (!(event instanceof Event.Said(int stage, Opened()))) {
                    throw chain.lost(event);
                }
            }
            ready = true;
            return chain;
        } finally {
            if (!ready) {
                chain.close();
            }
        }
    }

    /** Opens one stage's control stream and reads it to its end; on a thread of its own. */
    private void follow(Swarm swarm, int stage, Open open, Duration limit) {
        Candidate candidate = route.get(stage);
        try (Stream stream = swarm.open(candidate.peer(), candidate.addresses(), StageServer.PROTOCOL, limit)) {
            synchronized (streams) {
                streams[stage] = stream;
            }
            if (closed) {
                return;
            }
            stream.timeout(limit);
            Frames.write(stream.out(), open.encode());
            stream.out().flush();
            for (byte[] frame; (frame = Frames.read(stream.in(), StageMessage.MAX_CONTROL_BYTES)) != null; ) {
                stream.timeout(Duration.ZERO);
                events.add(new Event.Said(stage, StageMessage.decode(frame)));
            }
            events.add(new Event.Gone(stage, "it ended the session"));
        } catch (IOException | RuntimeException gone) {
            events.add(new Event.Gone(stage, String.valueOf(gone.getMessage())));
        }
    }

    int stages() {
        return route.size();
    }

    Candidate candidate(int stage) {
        return route.get(stage);
    }

    List<String> peers() {
        return route.stream().map(candidate -> candidate.peer().toString()).toList();
    }

    /** Sends tokens to the first stage. */
    void send(Tokens tokens) throws StageLost {
        tell(0, tokens);
    }

    private void tell(int stage, StageMessage message) throws StageLost {
        Stream stream;
        synchronized (streams) {
            stream = streams[stage];
        }
        try {
            if (stream == null) {
                throw new IOException("no stream to it");
            }
            Frames.write(stream.out(), message.encode());
            stream.out().flush();
        } catch (IOException gone) {
            throw new StageLost(stage, false, describe(stage) + ": " + gone.getMessage());
        }
    }

    /**
     * What the last stage says next, or null if nothing came within {@code patience}.
     *
     * @throws StageLost if any stage failed
     */
    @Nullable
    Drawn poll(Duration patience) throws StageLost, InterruptedException {
        Event event = events.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        return switch (event) {
            case null -> null;
            case Event.Said(int stage, Drawn drawn) when stage == route.size() - 1 -> drawn;
            case Event.Said(int stage, Reached reached) -> null; // late answer to a probe
            default -> throw lost(event);
        };
    }

    private Event next(Duration patience, String what) throws StageLost, InterruptedException {
        Event event = events.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        if (event == null) {
            throw new StageLost(0, false, "expected " + what + " within " + patience.toSeconds() + " s, found silence");
        }
        return event;
    }

    /** Whom an event other than the expected one blames. */
    private StageLost lost(Event event) {
        int stage = event.stage();
        return switch (event) {
            case Event.Gone(int at, String why) -> new StageLost(at, false, describe(at) + " was lost: " + why);
            case Event.Said(int at, Failed(var reason, var text)) -> {
                int blamed = switch (reason) {
                    case NEXT_LOST -> Math.min(at + 1, route.size() - 1);
                    case PREVIOUS_LOST -> Math.max(at - 1, 0);
                    case BUSY, UNKNOWN, PROTOCOL, IDLE, ENGINE -> at;
                };
                boolean refused = blamed == at && reason != Failed.Reason.IDLE;
                yield new StageLost(blamed, refused, describe(blamed) + " failed: " + text);
            }
            case Event.Said(int at, StageMessage message) ->
                new StageLost(
                        stage,
                        true,
                        describe(stage) + " sent an unexpected "
                                + message.getClass().getSimpleName());
        };
    }

    /** Finds who holds things up when nothing comes: the first stage that does not answer, else the first that is not at {@code position}. */
    StageLost silent(int position, Duration waited) throws InterruptedException {
        int[] reached = new int[route.size()];
        Arrays.fill(reached, -1);
        try {
            for (int stage = 0; stage < route.size(); stage++) {
                tell(stage, new Probe());
            }
            long deadline = System.nanoTime() + PROBE_LIMIT.toNanos();
            for (int answers = 0; answers < route.size(); ) {
                Event event = events.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
                if (event == null) {
                    break;
                }
                if (event instanceof Event.Said(int stage, Reached(var at))) {
                    reached[stage] = at;
                    answers++;
                } else if (!(event instanceof Event.Said(int stage, Drawn late))) {
                    return lost(event);
                }
            }
        } catch (StageLost lost) {
            return lost;
        }
        int slowest = 0;
        for (int stage = 0; stage < route.size(); stage++) {
            if (reached[stage] < 0) {
                return new StageLost(stage, true, describe(stage) + " does not answer");
            }
            if (reached[stage] < reached[slowest]) {
                slowest = stage;
            }
        }
        return new StageLost(
                slowest,
                true,
                describe(slowest) + " is stuck at position " + reached[slowest] + ", expected " + position + " within "
                        + waited.toSeconds() + " s");
    }

    private String describe(int stage) {
        return "stage " + stage + " (blocks " + route.get(stage).blocks() + ", peer "
                + route.get(stage).peer() + ")";
    }

    /** Ends the session on all stages. */
    @Override
    public void close() {
        closed = true;
        List<Stream> open = new ArrayList<>();
        synchronized (streams) {
            for (Stream stream : streams) {
                if (stream != null) {
                    open.add(stream);
                }
            }
        }
        open.forEach(Stream::reset);
    }
}
