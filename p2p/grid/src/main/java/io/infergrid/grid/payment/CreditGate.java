package io.infergrid.grid.payment;

import io.infergrid.grid.Hash;
import io.infergrid.grid.model.MerkleTree;
import io.infergrid.grid.payment.Payments.Due;
import io.infergrid.grid.payment.Payments.Service;
import io.infergrid.grid.payment.Payments.Verdict;
import io.infergrid.grid.verification.WindowClaim;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A worker's side of one session: counts the windows that it computed and those that were paid, and lets it go no further ahead than the
 * credit of its {@link Offer}. Thread-safe.
 */
public final class CreditGate {

    /** Not paid for too long. */
    public static final class Unpaid extends Exception {
        private static final long serialVersionUID = 1;

        Unpaid(String message) {
            super(message, null, false, false);
        }
    }

    private final Payments payments;
    private final Service service;
    private final Offer offer;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Hash> commitments = new ArrayList<>();
    /** Positions that were let through. */
    private int computed;

    private int paid;
    private String trouble = "no voucher came";

    /** @param patience that it waits for a voucher once the credit is used up */
    public CreditGate(Payments payments, Service service, Offer offer, Duration patience) {
        this.payments = payments;
        this.service = service;
        this.offer = offer;
        this.patience = patience;
    }

    /**
     * Waits until the positions up to {@code end} may be computed: the whole windows that are then computed and unpaid are within the
     * credit, or, for one frame that has more, none was unpaid before it.
     *
     * @throws Unpaid after the patience
     */
    public void enter(int end) throws Unpaid, InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = patience.toNanos();
            while (!within(end)) {
                if (left <= 0) {
                    throw new Unpaid("expected at most " + offer.creditWindows() + " windows ahead of payment, found "
                            + (windows(computed) - paid) + " unpaid: " + trouble);
                }
                left = changed.awaitNanos(left);
            }
            computed = Math.max(computed, end);
        } finally {
            lock.unlock();
        }
    }

    private boolean within(int end) {
        return windows(end) - paid <= offer.creditWindows() || windows(computed) <= paid;
    }

    private static int windows(int positions) {
        return positions / WindowClaim.POSITIONS;
    }

    /** This worker has committed to its next window. */
    public void committed(Hash commitment) {
        lock.lock();
        try {
            commitments.add(commitment);
        } finally {
            lock.unlock();
        }
    }

    /**
     * A voucher came; waits until it is stored.
     *
     * @param windows that it pays, all so far
     * @param committed commitments that its root is over
     * @return why it is rejected, if it is
     */
    public Optional<String> paid(int windows, int committed, byte[] voucher) {
        Due due;
        lock.lock();
        try {
            if (committed < 1 || committed > commitments.size() || windows > committed) {
                return rejected("expected a voucher for up to " + commitments.size() + " windows, found one for "
                        + windows + " of " + committed);
            }
            if (windows <= paid) {
                return Optional.empty(); // an older one that was overtaken
            }
            due = new Due(windows, offer.due(windows), committed, root(commitments.subList(0, committed)));
        } finally {
            lock.unlock();
        }
        Verdict verdict = payments.received(service, offer, due, voucher);
        lock.lock();
        try {
            if (verdict instanceof Verdict.Rejected(String why)) {
                return rejected(why);
            }
            paid = Math.max(paid, windows);
            changed.signalAll();
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private Optional<String> rejected(String why) {
        trouble = "a voucher was rejected: " + why;
        return Optional.of(why);
    }

    /** Windows computed and not paid. */
    public int outstanding() {
        lock.lock();
        try {
            return Math.max(0, windows(computed) - paid);
        } finally {
            lock.unlock();
        }
    }

    /** Of commitments in their order; what a voucher is bound to. */
    static Hash root(List<Hash> commitments) {
        return MerkleTree.root(commitments.stream()
                .map(commitment -> MerkleTree.leaf(commitment.bytes()))
                .toList());
    }
}
