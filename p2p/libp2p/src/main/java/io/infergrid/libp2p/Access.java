package io.infergrid.libp2p;

import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who may connect, to be changed while the host runs. Denied peers and networks are turned away, dialled no more, and lose the
 * connections that they have. A network that is allowed is exempt from the limits by address. Thread-safe.
 */
public final class Access {

    /** For a denial that does not end by itself. */
    public static final Duration FOR_EVER = Duration.ofDays(36_500);

    private static final int MAX_DENIED = 16_384;

    private final LongSupplier nanoClock;
    private final Runnable denied;
    private final Map<PeerId, Long> deniedPeers = new LinkedHashMap<>(); // until; the eldest is the first to go
    private final Map<Network, Long> deniedNetworks = new LinkedHashMap<>();
    private final Set<PeerId> allowedPeers = ConcurrentHashMap.newKeySet();
    private final Set<Network> allowedNetworks = ConcurrentHashMap.newKeySet();
    private volatile boolean onlyAllowed;

    /**
     * @param denied is run after each change that may end connections
     */
    public Access(LongSupplier nanoClock, Runnable denied) {
        this.nanoClock = nanoClock;
        this.denied = denied;
    }

    public void deny(PeerId peer, Duration time) {
        put(deniedPeers, peer, time);
    }

    public void deny(Network network, Duration time) {
        put(deniedNetworks, network, time);
    }

    /** Takes a denial back, and lets the peer in where {@link #onlyAllowed} holds. */
    public void allow(PeerId peer) {
        allowedPeers.add(peer);
        remove(deniedPeers, peer);
    }

    /** Takes the denial of exactly this network back, exempts it from limits by address, and lets it in where {@link #onlyAllowed} holds. */
    public void allow(Network network) {
        allowedNetworks.add(network);
        remove(deniedNetworks, network);
    }

    /** Neither allowed nor denied any more. */
    public void forget(PeerId peer) {
        allowedPeers.remove(peer);
        remove(deniedPeers, peer);
        denied.run();
    }

    /** Neither allowed nor denied any more. */
    public void forget(Network network) {
        allowedNetworks.remove(network);
        remove(deniedNetworks, network);
        denied.run();
    }

    /** Whether to let in nobody but peers and networks that are allowed. Off at first. */
    public void onlyAllowed(boolean on) {
        onlyAllowed = on;
        denied.run();
    }

    /** Whether an address may knock; who it is may still be against it. */
    public boolean admits(InetAddress address) {
        return !isDenied(address);
    }

    /** Whether a peer may be connected at this address; an address that is not known (a relay's) is for nothing and against nothing. */
    public boolean admits(PeerId peer, @Nullable InetAddress address) {
        if (isDenied(peer) || address != null && isDenied(address)) {
            return false;
        }
        return !onlyAllowed || allowedPeers.contains(peer) || address != null && exempts(address);
    }

    /** Whether the address lies in an allowed network. */
    public boolean exempts(InetAddress address) {
        return allowedNetworks.stream().anyMatch(n -> n.contains(address));
    }

    public boolean isDenied(PeerId peer) {
        synchronized (deniedPeers) {
            return inForce(deniedPeers, peer);
        }
    }

    public boolean isDenied(InetAddress address) {
        synchronized (deniedNetworks) {
            if (deniedNetworks.isEmpty()) {
                return false;
            }
            if (inForce(deniedNetworks, Network.around(address))) {
                return true; // what bans make, found at once however many there are
            }
            return deniedNetworks.entrySet().stream()
                    .anyMatch(e -> e.getKey().contains(address) && e.getValue() - nanoClock.getAsLong() > 0);
        }
    }

    private <K> boolean inForce(Map<K, Long> map, K key) {
        var until = map.get(key);
        if (until == null) {
            return false;
        }
        if (until - nanoClock.getAsLong() <= 0) {
            map.remove(key);
            return false;
        }
        return true;
    }

    private <K> void put(Map<K, Long> map, K key, Duration time) {
        synchronized (map) {
            map.remove(key);
            map.put(key, nanoClock.getAsLong() + time.toNanos());
            if (map.size() > MAX_DENIED) {
                map.remove(map.keySet().iterator().next());
            }
        }
        denied.run();
    }

    private static <K> void remove(Map<K, Long> map, K key) {
        synchronized (map) {
            map.remove(key);
        }
    }
}
