package io.infergrid.app.care;

import io.infergrid.app.core.Rig.Ability;
import java.util.List;

/** What there is to find out about the computer and its user. {@link #look} may take some 100 ms; called from one thread. */
public interface Sensors extends AutoCloseable {

    Reading look();

    /** What each sensor can do here, for the settings and the self-test. */
    List<Ability> abilities();

    @Override
    void close();

    /** Knows nothing, so that nothing holds a rig back but its schedule. */
    static Sensors none() {
        return new Sensors() {
            @Override
            public Reading look() {
                return Reading.NOTHING;
            }

            @Override
            public List<Ability> abilities() {
                return List.of();
            }

            @Override
            public void close() {}
        };
    }
}
