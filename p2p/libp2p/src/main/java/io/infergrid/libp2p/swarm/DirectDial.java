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
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One dial for hole punching: every address at once, again while it is refused, in the role that was agreed on. A NAT that is not open
 * yet refuses or stays silent, and opens as our own packets go out, so trying again is the point.
 */
final class DirectDial {

    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration LOOK = Duration.ofMillis(50);

    private final Swarm swarm;
    private final Upgrader upgrader;
    private final PeerId peer;
    private final boolean asListener;
    private final LinkedBlockingQueue<Attempt> reached = new LinkedBlockingQueue<>();

    DirectDial(Swarm swarm, Upgrader upgrader, PeerId peer, boolean asListener) {
        this.swarm = swarm;
        this.upgrader = upgrader;
        this.peer = peer;
        this.asListener = asListener;
    }

    /**
     * Dials.
     *
     * @return empty if a direct connection that the other side dialled came first
     */
    Optional<SecuredSession> dial(List<Multiaddr> addresses, Duration limit) throws IOException {
        var attempts = new ArrayList<Attempt>();
        long deadline = System.nanoTime() + limit.toNanos();
        @Nullable Attempt winner = null;
        try {
            for (var address : addresses) {
                if (swarm.transport(address) != null) {
                    var attempt = new Attempt(address, deadline);
                    attempts.add(attempt);
                    attempt.thread.start();
                }
            }
            if (attempts.isEmpty()) {
                throw new IOException("dial " + peer + ": expected an address that can be dialled, found " + addresses);
            }
            while (System.nanoTime() < deadline && attempts.stream().anyMatch(a -> !a.over)) {
                winner = reached.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                if (winner != null) {
                    return Optional.ofNullable(winner.session);
                }
                if (swarm.direct(peer) != null) {
                    return Optional.empty();
                }
            }
            winner = reached.poll(); // one that came as the last was over
            if (winner != null) {
                return Optional.ofNullable(winner.session);
            }
            throw new SocketTimeoutException(
                    "no direct answer from " + peer + " within " + limit + ": " + failures(attempts));
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

    private static List<String> failures(List<Attempt> attempts) {
        return attempts.stream().map(a -> a.failure).toList();
    }

    /** One address. */
    private final class Attempt {

        private final Multiaddr address;
        private final long deadline;
        private final Thread thread;
        private @Nullable Link link;
        private boolean cancelled;
        private volatile boolean over;
        private volatile String failure = "nothing answered";
        private volatile @Nullable SecuredSession session;

        Attempt(Multiaddr address, long deadline) {
            this.address = address;
            this.deadline = deadline;
            thread = Thread.ofVirtual().name("libp2p-direct-" + address).unstarted(this::run);
        }

        private void run() {
            try {
                while (System.nanoTime() < deadline && !isCancelled()) {
                    try {
                        session = once();
                        reached.add(this);
                        return;
                    } catch (ProtocolViolation e) {
                        failure = String.valueOf(e.getMessage());
                        swarm.misbehaviour().failed(peer, address, e, Event.DIAL_FAILED);
                        return;
                    } catch (IOException e) {
                        failure = String.valueOf(e.getMessage());
                    }
                    Thread.sleep(PAUSE);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                over = true;
            }
        }

        private SecuredSession once() throws IOException {
            var transport = swarm.transport(address);
            if (transport == null) {
                throw new IOException(address + ": no transport dials it any more");
            }
            var left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
            var dialled = transport.dial(address, peer, left);
            hold(dialled);
            try {
                var secured = switch (dialled) {
                    case RawConnection raw -> secure(raw, left);
                    case SecuredSession done -> done;
                };
                if (!secured.remote().equals(peer)) {
                    throw new ProtocolViolation(
                            Event.WRONG_PEER, "dialled peer " + peer + ", found " + secured.remote());
                }
                return secured;
            } catch (IOException e) {
                dialled.close();
                throw e;
            }
        }

        private SecuredSession secure(RawConnection raw, Duration left) throws IOException {
            try (var deadline = swarm.deadline(raw, left)) {
                try {
                    return asListener ? upgrader.inbound(raw) : upgrader.outbound(raw, peer);
                } catch (IOException e) {
                    throw deadline.explain(e, "no answer from " + peer + " at " + address + " within " + left);
                }
            }
        }

        private synchronized void hold(Link dialled) throws IOException {
            if (cancelled) {
                dialled.close();
                throw new IOException("another address answered first");
            }
            link = dialled;
        }

        private synchronized boolean isCancelled() {
            return cancelled;
        }

        synchronized void cancel() {
            cancelled = true;
            if (link != null) {
                link.close();
            }
            thread.interrupt();
        }
    }
}
