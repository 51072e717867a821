package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The counters of every peer, and of those that left not long ago. Times are nanoseconds of any clock. Not thread-safe. */
final class ScoreBook {

    private final ScoreParameters parameters;
    private final int maxRetained;
    private final ToDoubleFunction<PeerId> application;
    private final Map<String, TopicScore> topics = new HashMap<>();
    private final Map<PeerId, Entry> entries = new HashMap<>();
    private final LinkedHashMap<PeerId, Entry> gone = new LinkedHashMap<>(); // the longest gone first
    private final Map<InetAddress, Set<PeerId>> addresses = new HashMap<>();

    private static final class Entry {
        final Map<String, Score.Counters> topics = new HashMap<>();
        double breaches;

        @Nullable
        InetAddress address;

        long goneUntil;
    }

    /** A message that peers delivered, while it is known. */
    static final class Delivery {
        enum Status {
            VALID,
            INVALID,
            IGNORED
        }

        final Status status;
        final long at;
        final List<PeerId> peers = new ArrayList<>(4);

        Delivery(Status status, long at) {
            this.status = status;
            this.at = at;
        }
    }

    ScoreBook(ScoreParameters parameters, int maxRetained, ToDoubleFunction<PeerId> application) {
        this.parameters = parameters;
        this.maxRetained = maxRetained;
        this.application = application;
    }

    ScoreParameters.Thresholds thresholds() {
        return parameters.thresholds();
    }

    void judge(String topic, TopicScore how) {
        topics.put(topic, how);
    }

    /** What happens on the topic from now on counts no more; what happened is forgotten. */
    void forget(String topic) {
        topics.remove(topic);
        entries.values().forEach(entry -> entry.topics.remove(topic));
        gone.values().forEach(entry -> entry.topics.remove(topic));
    }

    void connected(PeerId peer, @Nullable InetAddress address) {
        var known = gone.remove(peer);
        var entry = known == null ? new Entry() : known;
        entry.address = address == null || address.isLoopbackAddress() ? null : address;
        entries.put(peer, entry);
        if (entry.address != null) {
            addresses.computeIfAbsent(entry.address, _ -> new HashSet<>()).add(peer);
        }
    }

    void disconnected(PeerId peer, long now) {
        var entry = entries.remove(peer);
        if (entry == null) {
            return;
        }
        var address = entry.address;
        if (address != null) {
            var sharing = addresses.get(address);
            if (sharing != null && sharing.remove(peer) && sharing.isEmpty()) {
                addresses.remove(address);
            }
        }
        entry.topics.forEach((topic, counters) -> leaveMesh(topic, counters));
        entry.goneUntil = now + parameters.retain().toNanos();
        gone.putLast(peer, entry);
        if (gone.size() > maxRetained) {
            gone.pollFirstEntry();
        }
    }

    double score(PeerId peer) {
        var entry = entries.get(peer);
        if (entry == null) {
            entry = gone.get(peer);
        }
        if (entry == null) {
            return 0;
        }
        double sum = 0;
        for (var topic : entry.topics.entrySet()) {
            var how = topics.get(topic.getKey());
            sum += how == null ? 0 : Score.topic(how, topic.getValue());
        }
        var sharing = entry.address == null ? null : addresses.get(entry.address);
        return Score.total(
                parameters, sum, application.applyAsDouble(peer), sharing == null ? 1 : sharing.size(), entry.breaches);
    }

    void grafted(PeerId peer, String topic, long now) {
        var counters = counters(peer, topic);
        if (counters != null) {
            counters.inMesh = true;
            counters.graftedAt = now;
            counters.meshNanos = 0;
            counters.active = false;
        }
    }

    void pruned(PeerId peer, String topic) {
        var counters = counters(peer, topic);
        if (counters != null) {
            leaveMesh(topic, counters);
        }
    }

    private void leaveMesh(String topic, Score.Counters counters) {
        var how = topics.get(topic);
        if (how != null && counters.inMesh) {
            counters.failures += Score.deficitSquared(how, counters);
        }
        counters.inMesh = false;
        counters.active = false;
    }

    /** A message was found good: the one who brought it first gains, and those who brought it meanwhile. */
    void delivered(Delivery delivery, String topic) {
        var how = topics.get(topic);
        if (how == null) {
            return;
        }
        boolean first = true;
        for (var peer : delivery.peers) {
            var counters = counters(peer, topic);
            if (counters != null && first) {
                counters.first = Math.min(how.first().cap(), counters.first + 1);
            }
            first = false;
            deliveredInMesh(how, counters);
        }
    }

    /** Another copy of a message whose fate is known; true if the peer had brought it before. */
    boolean duplicate(PeerId peer, Delivery delivery, String topic, long now) {
        if (delivery.peers.contains(peer)) {
            return true;
        }
        delivery.peers.add(peer);
        var how = topics.get(topic);
        if (how != null) {
            switch (delivery.status) {
                case INVALID -> invalid(peer, topic);
                case VALID -> {
                    if (now - delivery.at <= how.deliveries().window().toNanos()) {
                        deliveredInMesh(how, counters(peer, topic));
                    }
                }
                case IGNORED -> {
                    // nobody's merit and nobody's fault
                }
            }
        }
        return false;
    }

    private static void deliveredInMesh(TopicScore how, Score.@Nullable Counters counters) {
        if (counters != null && counters.inMesh) {
            counters.deliveries = Math.min(how.deliveries().cap(), counters.deliveries + 1);
        }
    }

    void invalid(PeerId peer, String topic) {
        var counters = counters(peer, topic);
        if (counters != null) {
            counters.invalid++;
        }
    }

    void breach(PeerId peer, double count) {
        var entry = entries.get(peer);
        if (entry != null) {
            entry.breaches += count;
        }
    }

    /** No honest peer does this once: as many breaches as it takes to be graylisted for a while. */
    void graylist(PeerId peer) {
        var behaviour = parameters.behaviour();
        double excess = Math.sqrt(parameters.thresholds().graylist() / behaviour.weight()) + 1;
        breach(peer, behaviour.threshold() + excess);
    }

    /** To be called once each {@link ScoreParameters#decayInterval}. */
    void decay(long now) {
        while (!gone.isEmpty() && gone.firstEntry().getValue().goneUntil - now < 0) {
            gone.pollFirstEntry();
        }
        entries.values().forEach(entry -> decay(entry, now));
    }

    private void decay(Entry entry, long now) {
        double zero = parameters.decayToZero();
        entry.breaches = Score.decayed(entry.breaches, parameters.behaviour().decay(), zero);
        for (var topic : entry.topics.entrySet()) {
            var how = topics.get(topic.getKey());
            if (how == null) {
                continue;
            }
            var c = topic.getValue();
            c.first = Score.decayed(c.first, how.first().decay(), zero);
            c.deliveries = Score.decayed(c.deliveries, how.deliveries().decay(), zero);
            c.failures = Score.decayed(c.failures, how.failures().decay(), zero);
            c.invalid = Score.decayed(c.invalid, how.invalid().decay(), zero);
            if (c.inMesh) {
                c.meshNanos = now - c.graftedAt;
                c.active = c.meshNanos > how.deliveries().activation().toNanos();
            }
        }
    }

    /** Null for a topic that is not judged or a peer that is not here. */
    private Score.@Nullable Counters counters(PeerId peer, String topic) {
        var entry = entries.get(peer);
        if (entry == null || !topics.containsKey(topic)) {
            return null;
        }
        return entry.topics.computeIfAbsent(topic, _ -> new Score.Counters());
    }

    int retained() {
        return gone.size();
    }
}
