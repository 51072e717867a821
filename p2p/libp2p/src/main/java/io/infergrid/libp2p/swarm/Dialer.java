package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.TcpTransport;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reaches a peer through the first of its addresses that answers (happy eyeballs): private addresses first, each next one a little
 * after the one before, all at once from then on; the first secured connection wins and the rest are dropped.
 */
final class Dialer {

    private static final int MAX_ADDRESSES = 16;
    private static final Duration PRIVATE_HEAD_START = Duration.ofMillis(30);
    private static final Duration PUBLIC_HEAD_START = Duration.ofMillis(250);

    private final Upgrader upgrader;
    private final Swarm swarm;

    Dialer(Upgrader upgrader, Swarm swarm) {
        this.upgrader = upgrader;
        this.swarm = swarm;
    }

    /** A secured connection and where it leads. */
    record Reached(Upgrader.Upgraded upgraded, RawConnection raw) {}

    private record Result(
            Attempt attempt,
            @Nullable Reached reached,
            @Nullable IOException failure) {}

    Reached dial(PeerId peer, List<Multiaddr> addresses, Duration limit) throws IOException {
        var targets = ranked(peer, addresses);
        long deadline = System.nanoTime() + limit.toNanos();
        var results = new LinkedBlockingQueue<Result>();
        var attempts = new ArrayList<Attempt>();
        var failures = new ArrayList<String>();
        Attempt winner = null;
        try {
            while (true) {
                long wait = deadline - System.nanoTime();
                if (wait <= 0) {
                    throw new SocketTimeoutException("no answer from " + peer + " at " + targets + " within " + limit);
                }
                if (attempts.size() < targets.size()) {
                    var target = targets.get(attempts.size());
                    var attempt = new Attempt(peer, target, Duration.ofNanos(wait), results);
                    attempts.add(attempt);
                    attempt.start();
                    wait = Math.min(wait, headStart(target).toNanos());
                }
                var result = results.poll(wait, TimeUnit.NANOSECONDS);
                if (result == null) {
                    continue;
                }
                if (result.reached() != null) {
                    winner = result.attempt();
                    return result.reached();
                }
                failures.add(
                        result.failure() == null
                                ? "?"
                                : String.valueOf(result.failure().getMessage()));
                if (failures.size() == targets.size()) {
                    throw new IOException(String.join("; ", failures), result.failure());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while dialling " + peer);
        } finally {
            for (var attempt : attempts) {
                if (attempt != winner) {
                    attempt.cancel();
                }
            }
        }
    }

    private static List<Multiaddr> ranked(PeerId peer, List<Multiaddr> addresses) throws IOException {
        var usable = addresses.stream()
                .filter(TcpTransport::dials)
                .filter(a -> a.peer().map(peer::equals).orElse(true))
                .map(Multiaddr::withoutPeer)
                .distinct()
                .sorted(Comparator.comparing(a -> !isPrivate(a)))
                .limit(MAX_ADDRESSES)
                .toList();
        if (usable.isEmpty()) {
            throw new IOException("dial " + peer + ": expected a TCP address of it, found " + addresses);
        }
        return usable;
    }

    private static Duration headStart(Multiaddr address) {
        return isPrivate(address) ? PRIVATE_HEAD_START : PUBLIC_HEAD_START;
    }

    private static boolean isPrivate(Multiaddr address) {
        return address.ip().map(Dialer::isPrivate).orElse(false);
    }

    private static boolean isPrivate(InetAddress ip) {
        return ip.isLoopbackAddress()
                || ip.isSiteLocalAddress()
                || ip.isLinkLocalAddress()
                || ip.getAddress().length == 16 && (ip.getAddress()[0] & 0xfe) == 0xfc;
    }

    /** One address being tried, on a virtual thread of its own. */
    private final class Attempt {

        private final PeerId peer;
        private final Multiaddr target;
        private final Duration limit;
        private final BlockingQueue<Result> results;
        private @Nullable RawConnection raw;
        private boolean cancelled;

        Attempt(PeerId peer, Multiaddr target, Duration limit, BlockingQueue<Result> results) {
            this.peer = peer;
            this.target = target;
            this.limit = limit;
            this.results = results;
        }

        void start() {
            Thread.ofVirtual().name("libp2p-dial-" + target).start(this::run);
        }

        private void run() {
            try {
                results.add(new Result(this, reach(), null));
            } catch (IOException e) {
                if (!isCancelled()) {
                    swarm.misbehaviour().failed(peer, target, e, Event.DIAL_FAILED);
                }
                results.add(new Result(this, null, e));
            } catch (RuntimeException e) {
                results.add(new Result(this, null, new IOException(target + ": " + e, e)));
            }
        }

        private Reached reach() throws IOException {
            IOException last = new IOException(target + ": the name has no address");
            for (var address : TcpTransport.resolve(target)) {
                try {
                    var connected = TcpTransport.dial(
                            address, shorter(limit, swarm.limits().times().dial()));
                    return secure(connected);
                } catch (IOException e) {
                    last = e;
                }
            }
            throw last;
        }

        private Reached secure(RawConnection connected) throws IOException {
            hold(connected);
            var time = shorter(limit, swarm.limits().times().upgrade());
            try (var deadline = swarm.deadline(connected, time)) {
                try {
                    return new Reached(upgrader.outbound(connected, peer), connected);
                } catch (IOException e) {
                    connected.close();
                    throw deadline.explain(e, "no answer from " + peer + " at " + target + " within " + time);
                }
            }
        }

        private synchronized void hold(RawConnection connected) throws IOException {
            if (cancelled) {
                connected.close();
                throw new IOException("another address answered first");
            }
            raw = connected;
        }

        private synchronized boolean isCancelled() {
            return cancelled;
        }

        synchronized void cancel() {
            cancelled = true;
            if (raw != null) {
                raw.close();
            }
        }
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
