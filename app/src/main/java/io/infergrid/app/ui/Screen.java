package io.infergrid.app.ui;

import javafx.scene.Parent;

/** One screen: built once, bound to the rig only while it is the one that is seen. JavaFX thread only. */
public interface Screen {

    Parent view();

    /** The screen comes into sight. */
    void attach();

    /** The screen goes out of sight; it must cost nothing from here on. */
    void detach();
}
