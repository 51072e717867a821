package io.infergrid.app.rig;

import io.infergrid.app.state.RigStateMachine;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** Counts the answers under way and tells the state machine. */
final class Sessions {

    /** Cancelled answers end at their next token; one that does not is not waited for longer. */
    private static final Duration LIMIT = Duration.ofSeconds(40);

    private final RigStateMachine machine;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private int inHand;

    Sessions(RigStateMachine machine) {
        this.machine = machine;
    }

    /** Begins one if the rig takes any now. */
    boolean begin() {
        lock.lock();
        try {
            if (!machine.takesSessions()) {
                return false;
            }
            inHand++;
            machine.sessions(inHand);
            return true;
        } finally {
            lock.unlock();
        }
    }

    void end() {
        lock.lock();
        try {
            inHand--;
            machine.sessions(inHand);
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until none is under way, or {@code cancelled}. */
    void awaitNone(BooleanSupplier cancelled) {
        long end = System.nanoTime() + LIMIT.toNanos();
        lock.lock();
        try {
            while (inHand > 0 && !cancelled.getAsBoolean() && System.nanoTime() < end) {
                ended.await(100, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
