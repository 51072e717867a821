package io.infergrid.app.state;

import io.infergrid.app.core.Observable;
import io.infergrid.app.core.ObservableValue;
import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.RigState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The three verbs, the reasons that hold, and what the work itself reports, as one state. Its law: never {@link
 * RigState.Running} while a reason holds. Thread-safe; nothing here blocks.
 *
 * <p>Resume rules: what the user ordered ends when the user says so, a repeated failure too; a game and a busy GPU must
 * have been gone for a quiet period first; everything else ends at once. (An active user has been idle for as long as the user said.)
 */
public final class RigStateMachine {

    private enum Intent {
        STOPPED,
        RUN,
        FINISH
    }

    private enum Work {
        DOWN,
        UP
    }

    private final Clock clock;
    private final ObservableValue<RigState> state = new ObservableValue<>(new RigState.Idle());
    private final Map<Class<? extends PauseReason>, PauseReason> reasons = new HashMap<>();
    private final Map<Class<? extends PauseReason>, Instant> endingAt = new HashMap<>();

    private Intent intent = Intent.STOPPED;
    private Work work = Work.DOWN;
    private String words = "Starting.";
    private int sessions;

    public RigStateMachine(Clock clock) {
        this.clock = clock;
    }

    public Observable<RigState> state() {
        return state;
    }

    // ---- the verbs

    public synchronized void start() {
        intent = Intent.RUN;
        drop(PauseReason.ByUser.class);
        drop(PauseReason.RepeatedFailure.class);
        publish();
    }

    /** Does nothing while nothing runs or is meant to. */
    public synchronized void pause() {
        if (intent != Intent.STOPPED) {
            intent = Intent.RUN;
            hold(new PauseReason.ByUser());
            publish();
        }
    }

    public synchronized void finishThenStop() {
        if (intent != Intent.STOPPED) {
            intent = sessions > 0 ? Intent.FINISH : Intent.STOPPED;
            publish();
        }
    }

    // ---- reasons

    /** From now on this holds; one of the same kind is replaced. */
    public synchronized void block(PauseReason reason) {
        hold(reason);
        publish();
    }

    /** What it was has gone; the rig goes on at once or after the quiet period of its kind. */
    public synchronized void unblock(Class<? extends PauseReason> kind) {
        if (!reasons.containsKey(kind)) {
            return;
        }
        Duration quiet = quietPeriod(kind);
        if (quiet.isZero()) {
            drop(kind);
        } else {
            endingAt.putIfAbsent(kind, clock.instant().plus(quiet));
        }
        publish();
    }

    /** Lets quiet periods end; to be called every second or so. */
    public synchronized void tick() {
        Instant now = clock.instant();
        List<Class<? extends PauseReason>> over = endingAt.entrySet().stream()
                .filter(ending -> !ending.getValue().isAfter(now))
                .<Class<? extends PauseReason>>map(Map.Entry::getKey)
                .toList();
        over.forEach(this::drop);
        if (!over.isEmpty()) {
            publish();
        }
    }

    /** How long a kind of reason must have been gone before the rig goes on. */
    public static Duration quietPeriod(Class<? extends PauseReason> kind) {
        if (kind == PauseReason.GameRunning.class) {
            return Duration.ofMinutes(5);
        }
        if (kind == PauseReason.GpuBusyWithOthers.class) {
            return Duration.ofMinutes(1);
        }
        return Duration.ZERO;
    }

    // ---- what the work reports

    /** The work is being brought up; {@code step} says how far it is. */
    public synchronized void starting(String step) {
        work = Work.DOWN;
        words = step;
        publish();
    }

    /** The work is up; {@code what} says what runs. */
    public synchronized void up(String what) {
        work = Work.UP;
        words = what;
        publish();
    }

    public synchronized void down() {
        work = Work.DOWN;
        words = "Starting.";
        sessions = 0;
        if (intent == Intent.FINISH) {
            intent = Intent.STOPPED;
        }
        publish();
    }

    public synchronized void sessions(int inHand) {
        sessions = inHand;
        if (intent == Intent.FINISH && inHand == 0) {
            intent = Intent.STOPPED;
        }
        publish();
    }

    // ---- what follows

    /** Whether the work should be up now. A finishing rig keeps its work up until the sessions in hand have ended. */
    public synchronized boolean wantsWork() {
        return intent != Intent.STOPPED
                && reasons.keySet().stream().allMatch(kind -> kind == PauseReason.BenchmarkRunning.class);
    }

    /** Whether a new session may begin now. */
    public synchronized boolean takesSessions() {
        return intent == Intent.RUN && reasons.isEmpty() && work == Work.UP;
    }

    private void hold(PauseReason reason) {
        reasons.put(reason.getClass(), reason);
        endingAt.remove(reason.getClass());
    }

    private void drop(Class<? extends PauseReason> kind) {
        reasons.remove(kind);
        endingAt.remove(kind);
    }

    private void publish() {
        state.set(derive());
    }

    private RigState derive() {
        if (intent == Intent.STOPPED) {
            return new RigState.Idle();
        }
        if (intent == Intent.FINISH) {
            return new RigState.Finishing(sessions);
        }
        if (!reasons.isEmpty()) {
            return new RigState.Paused(inOrder());
        }
        return work == Work.UP ? new RigState.Running(words) : new RigState.Starting(words);
    }

    /** In the order in which {@link PauseReason} declares its kinds: the user's own word first. */
    private List<PauseReason> inOrder() {
        var ordered = new ArrayList<PauseReason>();
        for (Class<?> kind : PauseReason.class.getPermittedSubclasses()) {
            PauseReason reason = reasons.get(kind.asSubclass(PauseReason.class));
            if (reason != null) {
                ordered.add(reason);
            }
        }
        return ordered;
    }
}
