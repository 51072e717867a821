package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.transport.Link;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.SecuredSession;
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
    private static final Duration RELAY_HANDICAP = Duration.ofMillis(500);

    private final Upgrader upgrader;
    private final Swarm swarm;

    Dialer(Upgrader upgrader, Swarm swarm) {
        this.upgrader = upgrader;
        this.swarm = swarm;
    }

    private record Result(
            Attempt attempt,
            @Nullable SecuredSession reached,
            @Nullable IOException failure) {}

    SecuredSession dial(PeerId peer, List<Multiaddr> addresses, Duration limit) throws IOException {
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
                    if (attempts.size() < targets.size()) {
                        wait = Math.min(
                                wait,
                                headStart(target, targets.get(attempts.size())).toNanos());
                    }
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

    private List<Multiaddr> ranked(PeerId peer, List<Multiaddr> addresses) throws IOException {
        var usable = addresses.stream()
                .filter(a -> swarm.transport(a) != null)
                .filter(a -> a.isRelayed() || a.ip().map(swarm.access()::admits).orElse(true))
                .filter(a -> a.peer().map(peer::equals).orElse(true))
                .map(Multiaddr::withoutPeer)
                .distinct()
                .sorted(Comparator.comparing(Dialer::rank))
                .limit(MAX_ADDRESSES)
                .toList();
        if (usable.isEmpty()) {
            throw new IOException("dial " + peer + ": expected an address that can be dialled, found " + addresses);
        }
        return usable;
    }

    /** Private before public before relayed; of each, QUIC first, which needs one round trip less. */
    private static int rank(Multiaddr address) {
        int quic = address.has(Multiaddr.Protocol.QUIC_V1) ? 0 : 1;
        return quic + (address.isRelayed() ? 4 : isPrivate(address) ? 0 : 2);
    }

    private static Duration headStart(Multiaddr address, Multiaddr next) {
        var usual = isPrivate(address) ? PRIVATE_HEAD_START : PUBLIC_HEAD_START;
        return next.isRelayed() && !address.isRelayed() ? RELAY_HANDICAP : usual;
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
        private final Thread thread;
        private @Nullable Link link;
        private boolean cancelled;

        Attempt(PeerId peer, Multiaddr target, Duration limit, BlockingQueue<Result> results) {
            this.peer = peer;
            this.target = target;
            this.limit = limit;
            this.results = results;
            thread = Thread.ofVirtual().name("libp2p-dial-" + target).unstarted(this::run);
        }

        void start() {
            thread.start();
        }

        private void run() {
            try {
                var reached = reach();
                swarm.backoff().reached(peer, target);
                results.add(new Result(this, reached, null));
            } catch (IOException e) {
                if (!isCancelled()) {
                    swarm.backoff().failed(peer, target);
                    swarm.misbehaviour().failed(peer, target, e, Event.DIAL_FAILED);
                }
                results.add(new Result(this, null, e));
            } catch (RuntimeException e) {
                results.add(new Result(this, null, new IOException(target + ": " + e, e)));
            }
        }

        private SecuredSession reach() throws IOException {
            var transport = swarm.transport(target);
            if (transport == null) {
                throw new IOException(target + ": no transport dials it any more");
            }
            var reached = transport.dial(target, peer, limit);
            hold(reached);
            return switch (reached) {
                case RawConnection raw -> secure(raw);
                case SecuredSession session -> verified(session);
            };
        }

        private SecuredSession verified(SecuredSession session) throws IOException {
            if (!session.remote().equals(peer)) {
                session.close();
                throw new ProtocolViolation(Event.WRONG_PEER, "dialled peer " + peer + ", found " + session.remote());
            }
            return session;
        }

        private SecuredSession secure(RawConnection connected) throws IOException {
            var time = shorter(limit, swarm.limits().times().upgrade());
            try (var deadline = swarm.deadline(connected, time)) {
                try {
                    return upgrader.outbound(connected, peer);
                } catch (IOException e) {
                    connected.close();
                    throw deadline.explain(e, "no answer from " + peer + " at " + target + " within " + time);
                }
            }
        }

        private synchronized void hold(Link connected) throws IOException {
            boolean _ = Thread.interrupted(); // that of cancel, if it came this late
            if (cancelled) {
                connected.close();
                throw new IOException("another address answered first");
            }
            link = connected;
        }

        private synchronized boolean isCancelled() {
            return cancelled;
        }

        synchronized void cancel() {
            cancelled = true;
            if (link != null) {
                link.close();
            } else {
                thread.interrupt();
            }
        }
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
