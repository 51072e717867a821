package io.infergrid.grid.announce;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.wire.WireException;
import io.infergrid.grid.wire.WireReader;
import io.infergrid.grid.wire.WireWriter;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.pubsub.Gossipsub;
import io.infergrid.libp2p.pubsub.Message;
import io.infergrid.libp2p.pubsub.ScoreParameters;
import io.infergrid.libp2p.pubsub.TopicOptions;
import io.infergrid.libp2p.pubsub.Verdict;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Announcements that everyone hears: signed by their node and passed on by gossipsub, whether or not the hearer is connected to the
 * node. A node checks what it passes on: that the signer speaks of itself, lately, and not too often.
 */
final class Broadcast implements AutoCloseable {

    static final String TOPIC = "/infergrid/announce/2";
    static final int MAX_BYTES = 32 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(Broadcast.class);
    /** However short the period: clocks differ, and a busy machine may be late. */
    private static final Duration LEAST_TOLERANCE = Duration.ofSeconds(30);
    /** Announcements that a node may make at once; two a period come back. */
    private static final int OWN_BURST = 4;
    /** And what others let it: twice as many, so that jitter harms nobody. */
    private static final int BURST = 2 * OWN_BURST;

    private static final int MAX_AUTHORS = 8192;
    /** Rigs of one household or data centre share an address. */
    private static final ScoreParameters SCORE = new ScoreParameters(
            ScoreParameters.DEFAULT.topicCap(),
            ScoreParameters.DEFAULT.applicationWeight(),
            new ScoreParameters.Colocation(-1, 32),
            ScoreParameters.DEFAULT.behaviour(),
            ScoreParameters.DEFAULT.decayInterval(),
            ScoreParameters.DEFAULT.decayToZero(),
            ScoreParameters.DEFAULT.retain(),
            ScoreParameters.DEFAULT.thresholds());

    private final Gossipsub gossip;
    private final PeerId self;
    private final Clock clock;
    private final Duration period;
    private final Consumer<Announcement> heard;
    private final GridMetrics metrics;
    private final Rates rates;
    private final Allowance own = new Allowance();

    /** How many announcements of one node are left; refilled with time. */
    private static final class Allowance {
        private double left = Double.NaN;
        private long lastMillis;

        synchronized boolean take(int burst, double perMilli, long now) {
            left = Double.isNaN(left) ? burst : Math.min(burst, left + Math.max(0, now - lastMillis) * perMilli);
            lastMillis = now;
            if (left < 1) {
                return false;
            }
            left--;
            return true;
        }
    }

    /** Of the nodes that were heard lately. Thread-safe. */
    private static final class Rates {
        private final LinkedHashMap<PeerId, Allowance> authors = new LinkedHashMap<>(16, 0.75f, true);

        synchronized Allowance of(PeerId author) {
            var allowance = authors.computeIfAbsent(author, _ -> new Allowance());
            if (authors.size() > MAX_AUTHORS) {
                authors.pollFirstEntry();
            }
            return allowance;
        }
    }

    /** @param heard given announcements of others, one after the other */
    Broadcast(
            Host host,
            Duration period,
            Clock clock,
            RandomGenerator random,
            Consumer<Announcement> heard,
            GridMetrics metrics) {
        this.self = host.peerId();
        this.period = period;
        this.clock = clock;
        this.heard = heard;
        this.metrics = metrics;
        rates = new Rates();
        gossip = Gossipsub.on(host)
                .score(SCORE)
                .time(System::nanoTime, clock)
                .random(random)
                .verifiers(1)
                .start();
        gossip.subscribe(TOPIC, TopicOptions.DEFAULT.withValidator(this::check).refusingReplays(), this::deliver);
    }

    /** Peers that we are connected to and that hear what is said here. */
    Set<PeerId> listeners() {
        return gossip.listening(TOPIC);
    }

    /**
     * Says something about this node to all.
     *
     * @return false if it said too much lately; it may try again half a period later
     */
    boolean say(Announcement announcement) {
        byte[] message = encode(announcement);
        if (message.length > MAX_BYTES) {
            metrics.count("announce.large");
            LOG.warn("announcement of {} bytes: expected at most {}, so only peers hear it", message.length, MAX_BYTES);
            return false;
        }
        if (!own.take(OWN_BURST, perMilli(period), clock.millis())) {
            return false;
        }
        gossip.publish(TOPIC, message);
        metrics.count("announce.said");
        return true;
    }

    private static double perMilli(Duration period) {
        return 2.0 / Math.max(1, period.toMillis());
    }

    private Verdict check(PeerId sender, Message message) {
        Announcement announcement;
        try {
            announcement = decode(message);
        } catch (WireException bad) {
            metrics.count("announce.bad");
            LOG.info("announcement passed on by {} refused: {}", sender, bad.getMessage());
            return Verdict.REJECT;
        }
        if (announcement.node().equals(self)) {
            return Verdict.IGNORE;
        }
        long age = clock.millis() - announcement.at();
        long tolerance =
                Math.max(LEAST_TOLERANCE.toMillis(), 2 * announcement.period().toMillis());
        if (Math.abs(age) > tolerance) {
            metrics.count("announce.stale");
            return Verdict.IGNORE; // its clock may be wrong, which is not the sender's fault
        }
        // one that says it comes back soon may still not come more than four times as often as we do
        var claimed =
                announcement.period().compareTo(period.dividedBy(4)) < 0 ? period.dividedBy(4) : announcement.period();
        if (!rates.of(announcement.node()).take(BURST, perMilli(claimed), clock.millis())) {
            metrics.count("announce.flood");
            return sender.equals(announcement.node()) ? Verdict.REJECT : Verdict.IGNORE;
        }
        return Verdict.ACCEPT;
    }

    private void deliver(Message message) {
        try {
            heard.accept(decode(message));
            metrics.count("announce.heard");
        } catch (WireException impossible) {
            throw new IllegalStateException("it was decoded before", impossible);
        }
    }

    static byte[] encode(Announcement announcement) {
        var out = new WireWriter(1024);
        announcement.write(out);
        return out.toBytes();
    }

    private static Announcement decode(Message message) throws WireException {
        var announcement = decode(message.data());
        if (!message.from().equals(java.util.Optional.of(announcement.node()))) {
            throw new WireException("announcement: expected one of its signer "
                    + message.from().map(PeerId::toString).orElse("nobody") + ", found one of " + announcement.node());
        }
        return announcement;
    }

    static Announcement decode(byte[] data) throws WireException {
        if (data.length > MAX_BYTES) {
            throw new WireException("announcement: expected at most " + MAX_BYTES + " bytes, found " + data.length);
        }
        var in = new WireReader(data);
        var announcement = Announcement.read(in);
        in.end("announcement");
        return announcement;
    }

    @Override
    public void close() {
        gossip.close();
    }
}
