package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.identity.PublicKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks signatures and asks validators, on threads of its own, many messages at a time. Bounded in messages and bytes, in all and of each peer,
 * so that one peer cannot keep out the others. Thread-safe.
 */
final class Verification implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Verification.class);
    private static final int BATCH = 64;
    private static final int KEYS = 4096;

    private final SignaturePolicy policy;
    private final GossipLimits.Memory limits;
    private final int workers;
    private final Consumer<List<Result>> done;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final Condition less = lock.newCondition();
    private final Deque<Pending> waiting = new ArrayDeque<>();
    private final Map<PeerId, Integer> perPeer = new HashMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Keys keys = new Keys();
    private long bytes;
    private boolean closed;

    record Result(Pending message, Pending.Outcome outcome) {}

    /** The keys of those who wrote lately: what can be computed of a key beforehand is kept with it. */
    private static final class Keys {
        private final LinkedHashMap<PeerId, PublicKey> known = new LinkedHashMap<>(16, 0.75f, true);

        synchronized PublicKey of(Message message) throws DecodeException {
            var author = message.author();
            var key = author == null ? null : known.get(author);
            if (key == null) {
                key = message.authorKey();
                known.put(key.peerId(), key);
                if (known.size() > KEYS) {
                    known.pollFirstEntry();
                }
            }
            return key;
        }
    }

    /** @param done is given each batch of results, on the threads of this */
    Verification(SignaturePolicy policy, GossipLimits.Memory limits, int workers, Consumer<List<Result>> done) {
        this.policy = policy;
        this.limits = limits;
        this.workers = workers;
        this.done = done;
    }

    /** False if there is no room. */
    boolean offer(Pending message) {
        lock.lock();
        try {
            int size = message.message.encoded().length;
            int ofPeer = perPeer.getOrDefault(message.first(), 0);
            if (closed
                    || waiting.size() >= limits.verifying()
                    || bytes + size > limits.verifyingBytes()
                    || ofPeer >= limits.verifyingPerPeer()) {
                return false;
            }
            waiting.add(message);
            bytes += size;
            perPeer.put(message.first(), ofPeer + 1);
            if (threads.size() < workers && waiting.size() > threads.size()) {
                threads.add(Thread.ofPlatform()
                        .daemon()
                        .name("gossip-verify-" + threads.size())
                        .start(this::run));
            }
            more.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the peer has few messages here, so that one that sends many is slowed down before any is dropped. */
    void awaitRoom(PeerId peer) throws InterruptedException {
        lock.lock();
        try {
            while (!closed && perPeer.getOrDefault(peer, 0) > limits.verifyingPerPeer() / 4) {
                less.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            while (true) {
                var batch = batch();
                if (batch.isEmpty()) {
                    return;
                }
                var results = new ArrayList<Result>(batch.size());
                batch.forEach(message -> results.add(new Result(message, outcome(message))));
                finished(batch);
                done.accept(results);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Pending> batch() throws InterruptedException {
        lock.lock();
        try {
            while (waiting.isEmpty() && !closed) {
                more.await();
            }
            var batch = new ArrayList<Pending>();
            // not more than a fair part, so that the other threads have something to do too
            int most = Math.clamp(waiting.size() / workers, 1, BATCH);
            for (int i = 0; i < most && !closed; i++) {
                batch.add(waiting.remove());
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void finished(List<Pending> batch) {
        lock.lock();
        try {
            for (var message : batch) {
                bytes -= message.message.encoded().length;
                perPeer.computeIfPresent(message.first(), (_, count) -> count > 1 ? count - 1 : null);
            }
            less.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private Pending.Outcome outcome(Pending pending) {
        if (policy == SignaturePolicy.STRICT_SIGN && !isGenuine(pending.message)) {
            return Pending.Outcome.FORGED;
        }
        @Nullable Verdict verdict = null;
        try {
            verdict = pending.validator.check(pending.first(), pending.message);
        } catch (RuntimeException e) {
            LOG.warn("the validator of {} failed", pending.message.topic(), e);
        }
        return switch (verdict) {
            case ACCEPT -> Pending.Outcome.GOOD;
            case REJECT -> Pending.Outcome.REJECTED;
            case IGNORE -> Pending.Outcome.IGNORED;
            case null -> Pending.Outcome.IGNORED;
        };
    }

    private boolean isGenuine(Message message) {
        try {
            return message.verify(keys.of(message));
        } catch (DecodeException e) {
            return false;
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            more.signalAll();
            less.signalAll();
            threads.forEach(Thread::interrupt);
        } finally {
            lock.unlock();
        }
    }
}
