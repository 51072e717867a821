package io.infergrid.libp2p.netns;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.SplittableRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A long line as a process: two interfaces, and what goes into one comes out of the other after a while, if it is not lost. The kernel
 * here has no netem, which does the same. Arguments: names of both interfaces, delay of one way in microseconds, frames lost of
 * 10 000, bytes a second each way (0: no limit), seed. Says {@code ready} once both interfaces are there.
 */
public final class LineProcess {

    /** What waits at a rate limit; beyond it frames are lost, as at a router. */
    private static final Duration LONGEST_QUEUE = Duration.ofMillis(200);

    private LineProcess() {}

    public static void main(String[] args) throws Exception {
        long delay = Long.parseLong(args[2]) * 1000;
        int lost = Integer.parseInt(args[3]);
        long rate = Long.parseLong(args[4]);
        long seed = Long.parseLong(args[5]);
        try (var one = new TapDevice(args[0]);
                var other = new TapDevice(args[1])) {
            System.out.println("ready");
            new Way(one, other, delay, lost, rate, seed).start();
            new Way(other, one, delay, lost, rate, seed + 1).start();
            while (System.in.read() >= 0) {
                // the lab ends it
            }
        }
        System.exit(0); // the readers block in the kernel
    }

    private record Frame(byte[] bytes, long due) {}

    /** One direction. */
    private static final class Way {
        private final TapDevice from;
        private final TapDevice to;
        private final long delay;
        private final int lost;
        private final long rate;
        private final SplittableRandom random;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition arrived = lock.newCondition();
        private final ArrayDeque<Frame> under = new ArrayDeque<>();
        private long free = System.nanoTime(); // when the last frame has left

        Way(TapDevice from, TapDevice to, long delay, int lost, long rate, long seed) {
            this.from = from;
            this.to = to;
            this.delay = delay;
            this.lost = lost;
            this.rate = rate;
            random = new SplittableRandom(seed);
        }

        void start() {
            Thread.ofPlatform().daemon().name("in").start(this::take);
            Thread.ofPlatform().daemon().name("out").start(this::give);
        }

        private void take() {
            while (true) {
                byte[] frame;
                try {
                    frame = from.read();
                } catch (IOException e) {
                    continue; // the interface is not up yet
                }
                long now = System.nanoTime();
                long leaves = Math.max(now, free) + (rate == 0 ? 0 : frame.length * 1_000_000_000L / rate);
                if (random.nextInt(10_000) < lost || leaves - now > LONGEST_QUEUE.toNanos()) {
                    continue;
                }
                free = leaves;
                lock.lock();
                try {
                    under.add(new Frame(frame, leaves + delay));
                    arrived.signal();
                } finally {
                    lock.unlock();
                }
            }
        }

        private void give() {
            try {
                while (true) {
                    byte[] frame = next();
                    try {
                        to.write(frame);
                    } catch (IOException e) {
                        // the interface is down: nobody hears it
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private byte[] next() throws InterruptedException {
            lock.lock();
            try {
                while (true) {
                    var first = under.peek();
                    if (first == null) {
                        arrived.await();
                        continue;
                    }
                    long left = first.due - System.nanoTime();
                    if (left <= 0) {
                        under.remove();
                        return first.bytes;
                    }
                    long _ = arrived.awaitNanos(left);
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
