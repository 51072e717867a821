package io.infergrid.libp2p.pubsub;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What waits to be sent to one peer: what keeps the mesh in order first, then ids, then messages. Bounded: a peer that reads too slowly
 * loses messages and ids; one that does not even take what keeps the mesh in order is given up. Thread-safe; adding never blocks.
 */
final class PeerQueue {

    private static final int MAX_URGENT = 2048;
    private static final int MAX_LISTS = 256;
    private static final int MAX_MESSAGES_PER_RPC = 256;
    private static final int RPC_BYTES = 128 * 1024;

    private final int maxBytes;
    private final int maxIds;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final Deque<Rpc> urgent = new ArrayDeque<>();
    private final Deque<Rpc> lists = new ArrayDeque<>();
    private final Deque<Message> messages = new ArrayDeque<>();
    private long bytes;
    private boolean closed;

    PeerQueue(GossipLimits limits) {
        maxBytes = limits.memory().queueBytes();
        maxIds = limits.elements().ids();
    }

    /** Messages that found no room; -1 if the peer is to be given up. */
    int add(Rpc rpc) {
        lock.lock();
        try {
            if (closed) {
                return 0;
            }
            if (!(rpc.subscriptions().isEmpty()
                    && rpc.graft().isEmpty()
                    && rpc.prune().isEmpty())) {
                if (urgent.size() >= MAX_URGENT) {
                    return -1;
                }
                urgent.add(new Rpc(
                        rpc.subscriptions(), List.of(), List.of(), List.of(), rpc.graft(), rpc.prune(), List.of()));
            }
            rpc.ihave().forEach(list -> list(List.of(list), List.of(), List.of()));
            rpc.iwant().forEach(ids -> list(List.of(), List.of(ids), List.of()));
            rpc.idontwant().forEach(ids -> list(List.of(), List.of(), List.of(ids)));
            int dropped = 0;
            for (var message : rpc.messages()) {
                int size = message.encoded().length;
                if (bytes + size > maxBytes && !messages.isEmpty()) {
                    dropped++;
                } else {
                    messages.add(message);
                    bytes += size;
                }
            }
            more.signal();
            return dropped;
        } finally {
            lock.unlock();
        }
    }

    private void list(List<Rpc.IHave> ihave, List<List<MessageId>> iwant, List<List<MessageId>> idontwant) {
        if (lists.size() < MAX_LISTS) {
            lists.add(new Rpc(List.of(), List.of(), ihave, iwant, List.of(), List.of(), idontwant));
        }
    }

    /** The next RPC, as much as fits in one; waits for something. Null once closed. */
    @org.jspecify.annotations.Nullable
    Rpc take() throws InterruptedException {
        lock.lock();
        try {
            while (urgent.isEmpty() && lists.isEmpty() && messages.isEmpty() && !closed) {
                more.await();
            }
            return closed ? null : next();
        } finally {
            lock.unlock();
        }
    }

    private Rpc next() {
        var rpc = new Rpc(
                new ArrayList<>(0),
                new ArrayList<>(),
                new ArrayList<>(0),
                new ArrayList<>(0),
                new ArrayList<>(0),
                new ArrayList<>(0),
                new ArrayList<>(0));
        long size = 0;
        for (var part = urgent.poll(); part != null; part = size < RPC_BYTES ? urgent.poll() : null) {
            rpc.subscriptions().addAll(part.subscriptions());
            rpc.graft().addAll(part.graft());
            rpc.prune().addAll(part.prune());
            size += size(part);
        }
        int ids = 0;
        for (var part = lists.peek(); part != null && ids + ids(part) <= maxIds; part = lists.peek()) {
            rpc.ihave().addAll(part.ihave());
            rpc.iwant().addAll(part.iwant());
            rpc.idontwant().addAll(part.idontwant());
            ids += ids(part);
            lists.remove();
        }
        size += 64L * ids;
        for (var message = messages.peek();
                message != null
                        && rpc.messages().size() < MAX_MESSAGES_PER_RPC
                        && (rpc.isEmpty() || size + message.encoded().length <= RPC_BYTES);
                message = messages.peek()) {
            rpc.messages().add(message);
            size += message.encoded().length;
            bytes -= message.encoded().length;
            messages.remove();
        }
        return rpc;
    }

    /** Roughly; most names are far shorter. */
    private static long size(Rpc part) {
        long size = 160L
                * (part.subscriptions().size()
                        + part.graft().size()
                        + part.prune().size());
        for (var prune : part.prune()) {
            for (var peer : prune.peers()) {
                size += peer.signedRecord().length + 64;
            }
        }
        return size;
    }

    private static int ids(Rpc part) {
        int count = 0;
        for (var list : part.ihave()) {
            count += list.ids().size();
        }
        for (var list : part.iwant()) {
            count += list.size();
        }
        for (var list : part.idontwant()) {
            count += list.size();
        }
        return count;
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            more.signalAll();
        } finally {
            lock.unlock();
        }
    }

    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }
}
