package io.infergrid.app.ui;

import java.util.Objects;
import javafx.scene.Parent;
import org.jspecify.annotations.Nullable;

/** One screen: built once, bound to the rig only while it is the one that is seen. JavaFX thread only. */
public interface Screen {

    Parent view();

    /** The nodes of a controller, which a test without a toolkit makes without. */
    static <V> V built(@Nullable V view) {
        return Objects.requireNonNull(view, "expected a controller with a view, found one without");
    }

    /** The screen comes into sight. */
    void attach();

    /** The screen goes out of sight; it must cost nothing from here on. */
    void detach();
}
