package io.infergrid.app.core;

/**
 * The window of the program. Found through {@link java.util.ServiceLoader}, so that a start without a display never loads a
 * class of the user interface toolkit.
 */
public interface Window {

    /** Shows the window; returns when its user quit. The rig stays open, the caller closes it. */
    void show(Rig rig);

    /** Brings the window to the front, because the program was started a second time. Any thread. */
    void reveal();
}
