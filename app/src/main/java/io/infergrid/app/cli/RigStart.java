package io.infergrid.app.cli;

import io.infergrid.app.core.Notice;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.Rig;
import io.infergrid.app.core.RigState;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Presses Start and waits until the rig runs. */
final class RigStart {

    private static final long LIMIT_SECONDS = 300;

    private RigStart() {}

    /** Prints what happens to a rig, each notice once, from those of its opening on. */
    static Observable.Pin sayNotices(Rig rig, Instant opening, PrintWriter to) {
        Instant since = opening.truncatedTo(ChronoUnit.MILLIS);
        var said = new HashSet<Notice>();
        return rig.notices()
                .observe(newestFirst -> newestFirst.reversed().stream()
                        .filter(notice -> !notice.at().isBefore(since) && said.add(notice))
                        .forEach(notice -> to.println(notice.text())));
    }

    /** @param step hears what is being done */
    static void awaitRunning(Rig rig, Interruption interruption, Consumer<String> step) throws InterruptedException {
        var states = new LinkedBlockingQueue<RigState>();
        try (Observable.Pin pin = rig.state().observe(states::add)) {
            rig.start();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (System.nanoTime() < end) {
                interruption.check();
                RigState state = states.poll(200, TimeUnit.MILLISECONDS);
                switch (state) {
                    case null -> {}
                    case RigState.Idle idle -> {}
                    case RigState.Starting starting -> step.accept(starting.sentence());
                    case RigState.Running running -> {
                        return;
                    }
                    case RigState.Paused paused -> throw new Failure(paused.sentence());
                    case RigState.Finishing finishing -> throw new Failure(finishing.sentence());
                }
            }
        }
        throw new Failure("expected the local grid to come up within " + LIMIT_SECONDS + " s, found it still starting");
    }
}
