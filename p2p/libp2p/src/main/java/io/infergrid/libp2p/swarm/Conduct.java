package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Access;
import io.infergrid.libp2p.Counters;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Network;
import io.infergrid.libp2p.PeerId;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts what connected peers do that no honest one does, and bans a peer that does it often; several such peers at one address ban the
 * address. What is said of a peer that was only dialled does not count: anyone may have answered there. Thread-safe.
 */
final class Conduct {

    private static final int MAX_KNOWN = 4096;
    private static final int PEERS_OF_AN_ADDRESS = 4;

    private record Record(double strikes, long at) {}

    private final Limits.Bans limits;
    private final Access access;
    private final Counters counters;
    private final LongSupplier nanoClock;
    private final Map<Object, Record> records = new LinkedHashMap<>(16, 0.75f, true); // by peer id and by network

    Conduct(Limits.Bans limits, Access access, Counters counters, LongSupplier nanoClock) {
        this.limits = limits;
        this.access = access;
        this.counters = counters;
        this.nanoClock = nanoClock;
    }

    /** Notes a misbehaviour; true if it was the last straw. */
    boolean strike(PeerId peer, @Nullable InetAddress address) {
        boolean banned = struck(peer, limits.strikes());
        if (banned) {
            counters.count(Event.BANNED);
            access.deny(peer, limits.time());
        }
        if (address != null && !address.isLoopbackAddress() && !access.exempts(address)) {
            var network = Network.around(address);
            if (struck(network, limits.strikes() * PEERS_OF_AN_ADDRESS)) {
                counters.count(Event.BANNED);
                access.deny(network, limits.time());
            }
        }
        return banned;
    }

    /** Strikes wear off evenly over the time in which they count. */
    private synchronized boolean struck(Object who, int most) {
        long now = nanoClock.getAsLong();
        var before = records.get(who);
        double left = before == null
                ? 0
                : Math.max(
                        0,
                        before.strikes
                                - (double) most
                                        * (now - before.at)
                                        / limits.within().toNanos());
        if (left + 1 > most - 0.5) { // the last one may come a moment after the others
            records.remove(who);
            return true;
        }
        records.put(who, new Record(left + 1, now));
        if (records.size() > MAX_KNOWN) {
            records.remove(records.keySet().iterator().next());
        }
        return false;
    }
}
