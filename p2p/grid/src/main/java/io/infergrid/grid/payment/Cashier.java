package io.infergrid.grid.payment;

import io.infergrid.grid.Hash;
import io.infergrid.grid.payment.Payments.Due;
import io.infergrid.grid.payment.Payments.Service;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A gateway's side of one session on one stage: pays for the windows that the worker committed to and that were found right, on a thread of
 * its own, so that no token waits; several that wait are paid with one voucher. Thread-safe.
 */
public final class Cashier {

    /**
     * A voucher to be sent.
     *
     * @param windows that it pays, all so far
     * @param committed commitments that its root is over
     */
    public record Payment(int windows, int committed, byte[] voucher) {}

    private final Payments payments;
    private final Service service;
    private final Offer offer;
    private final Consumer<Payment> send;
    private final Consumer<String> trouble;
    private final List<Hash> commitments = new ArrayList<>();
    private final TreeSet<Integer> unchecked = new TreeSet<>();
    /** Found right, but the pipeline is not past them yet. */
    private final TreeSet<Integer> early = new TreeSet<>();

    private int passed;
    private int right;
    private int paid;
    private int refused;
    private boolean stopped;
    private @Nullable Thread paying;

    /**
     * @param send gives the worker a voucher
     * @param trouble is told why the worker cannot be paid
     */
    public Cashier(Payments payments, Service service, Offer offer, Consumer<Payment> send, Consumer<String> trouble) {
        this.payments = payments;
        this.service = service;
        this.offer = offer;
        this.send = send;
        this.trouble = trouble;
    }

    /**
     * The worker has committed to a window: it is paid when it was found right, and when the whole pipeline is past it.
     *
     * @return false if it is not the next one; it counts for nothing then
     */
    public synchronized boolean committed(int window, Hash commitment) {
        if (window != commitments.size()) {
            return false;
        }
        commitments.add(commitment);
        unchecked.add(window);
        return true;
    }

    /** A window was found right. */
    public synchronized void right(int window) {
        if (unchecked.remove(window)) {
            early.add(window);
            count();
        }
    }

    /** Nobody is there to check what this worker has committed to: it is paid for it as it is. */
    public synchronized void nobodyChecks() {
        early.addAll(unchecked);
        unchecked.clear();
        count();
    }

    /** The whole pipeline is past so many windows. */
    public synchronized void passed(int windows) {
        passed = Math.max(passed, windows);
        count();
    }

    private void count() {
        while (!early.isEmpty() && early.first() < passed) {
            early.pollFirst();
            right++;
        }
        wake();
    }

    /** A window is not paid for; those before and behind it are. */
    public synchronized void wrong(int window) {
        if (unchecked.remove(window)) {
            refused++;
        }
    }

    /** The worker is gone, or gets nothing any more. */
    public synchronized void stop() {
        stopped = true;
    }

    /** Windows that vouchers were given for. */
    public synchronized int paid() {
        return paid;
    }

    /** Whether some of so many windows are still to be paid. */
    public synchronized boolean owes(int windows) {
        return !stopped && paid + refused < windows;
    }

    private void wake() {
        if (paying == null && !stopped && right > paid) {
            paying = Thread.ofVirtual().name("pays " + service.worker()).start(this::pay);
        }
    }

    private void pay() {
        while (true) {
            Due due;
            synchronized (this) {
                if (stopped || right == paid) {
                    paying = null;
                    return;
                }
                due = new Due(right, offer.due(right), commitments.size(), CreditGate.root(commitments));
            }
            boolean done = false;
            try {
                var voucher = payments.pay(service, offer, due);
                if (voucher.isPresent() && voucher.get().length <= Payments.MOST_VOUCHER_BYTES) {
                    synchronized (this) {
                        paid = due.windows();
                    }
                    send.accept(new Payment(due.windows(), due.committed(), voucher.get()));
                    done = true;
                } else {
                    trouble.accept(voucher.isPresent() ? "the voucher is too long" : "the wallet gives no voucher");
                }
            } catch (RuntimeException failed) {
                trouble.accept(String.valueOf(failed.getMessage()));
            } finally {
                if (!done) {
                    stop();
                }
            }
        }
    }
}
