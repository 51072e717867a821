package io.infergrid.app.grid;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps one worker alive: starts it again when it ends unasked, up to three times, waiting longer each time. */
final class Supervisor implements AutoCloseable {

    static final int RESTARTS = 3;

    private static final Logger log = LoggerFactory.getLogger(Supervisor.class);
    private static final Duration FIRST_WAIT = Duration.ofMillis(500);

    /** A worker that ran so long is not failing again and again; its count starts anew. */
    private static final Duration HEALTHY = Duration.ofMinutes(10);

    private final String name;
    private final Launch launch;
    private final Events events;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private volatile @Nullable WorkerProcess process;
    private volatile String order = "";

    /** Starts the worker's process. */
    interface Launch {
        WorkerProcess launch() throws IOException;
    }

    /** What became of the worker; from the supervisor's thread. */
    interface Events {
        void startedAgain(String worker, String why, int time);

        void gaveUp(String worker, String why);
    }

    Supervisor(String name, Launch launch, Events events) {
        this.name = name;
        this.launch = launch;
        this.events = events;
        this.thread = Thread.ofVirtual().name(name + "-supervisor").start(this::supervise);
    }

    private void supervise() {
        int restarts = 0;
        try {
            while (closing.getCount() > 0) {
                long started = System.nanoTime();
                String why = runOnce();
                if (closing.getCount() == 0) {
                    return;
                }
                if (System.nanoTime() - started > HEALTHY.toNanos()) {
                    restarts = 0;
                }
                if (restarts == RESTARTS) {
                    events.gaveUp(name, why);
                    return;
                }
                restarts++;
                log.warn("{} ended ({}); starting it again, time {} of {}", name, why, restarts, RESTARTS);
                if (closing.await(FIRST_WAIT.toMillis() << (restarts - 1), TimeUnit.MILLISECONDS)) {
                    return;
                }
                events.startedAgain(name, why, restarts);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String runOnce() throws InterruptedException {
        try (WorkerProcess worker = launch.launch()) {
            process = worker;
            String said = order;
            if (!said.isEmpty()) {
                worker.say(said);
            }
            return worker.awaitEnd();
        } catch (IOException e) {
            return "it could not be started: " + e.getMessage();
        }
    }

    /** Says a line to the worker that runs now and to each that is started in its place; only the last line counts. */
    void say(String line) {
        order = line;
        WorkerProcess now = process;
        if (now != null) {
            now.say(line);
        }
    }

    /** Process id of the worker that runs now, -1 if none does. */
    long pid() {
        WorkerProcess now = process;
        return now == null || !now.alive() ? -1 : now.pid();
    }

    @Override
    public void close() {
        closing.countDown();
        WorkerProcess now = process;
        if (now != null) {
            now.close();
        }
        try {
            if (!thread.join(Duration.ofSeconds(12))) {
                log.warn("the supervisor of {} did not end", name);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
