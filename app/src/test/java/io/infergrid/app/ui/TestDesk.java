package io.infergrid.app.ui;

import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ResourceBundle;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A desk without a toolkit: everything runs at once on the thread that asks, and remembers what it was told. */
public final class TestDesk {

    public static final Texts TEXTS =
            new Texts(ResourceBundle.getBundle("io.infergrid.app.ui.strings", Locale.ROOT), Locale.ENGLISH);

    public final DemoRig rig;
    public final List<Desk.Message> messages = new ArrayList<>();
    public final List<Place> visited = new ArrayList<>();
    public final List<String> copied = new ArrayList<>();
    public java.nio.file.@Nullable Path saveTo;

    public TestDesk(DemoRig rig) {
        this.rig = rig;
    }

    public Desk desk() {
        return desk(new Background(Runnable::run, Runnable::run));
    }

    /** @param background how blocking work is done; never touches the theme, which needs a toolkit */
    @SuppressWarnings("NullAway") // a controller without a view asks for no theme
    public Desk desk(Background background) {
        var clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("test-clock").daemon().factory());
        return new Desk(
                rig,
                TEXTS,
                new Formats(TEXTS, ZoneOffset.UTC),
                new FxBindings(Runnable::run, clock, new SteppingTime()::next),
                background,
                new Throughput(rig.tokensPerSecond),
                null,
                (title, name) -> Optional.ofNullable(saveTo),
                new Navigator() {
                    @Override
                    public void open(Place place) {
                        visited.add(place);
                    }

                    @Override
                    public void openJob(String id) {
                        visited.add(Place.JOBS);
                        copied.add(id);
                    }
                },
                messages::add,
                copied::add);
    }

    /** Every look at the clock is a second later, so that no binding is ever too early. */
    private static final class SteppingTime {
        private long now;

        long next() {
            return now += 1_000_000_000L;
        }
    }
}
