package io.infergrid.app.ui;

import org.kordamp.ikonli.feather.Feather;

/** Where the sidebar leads, in order; the n-th is reached by Ctrl+n. */
public enum Place {
    DASHBOARD(1, "dashboard", Feather.GRID),
    PLAYGROUND(2, "playground", Feather.MESSAGE_SQUARE),
    JOBS(3, "jobs", Feather.LIST),
    SWARM(4, "swarm", Feather.SHARE_2),
    BENCHMARK(5, "benchmark", Feather.ACTIVITY),
    SETTINGS(6, "settings", Feather.SETTINGS);

    private final int number;
    private final String key;
    private final Feather icon;

    Place(int number, String key, Feather icon) {
        this.number = number;
        this.key = key;
        this.icon = icon;
    }

    /** Which digit leads to it together with Ctrl, from 1. */
    public int number() {
        return number;
    }

    /** First part of the keys of its texts. */
    public String key() {
        return key;
    }

    Feather icon() {
        return icon;
    }
}
