package io.infergrid.app.ui;

import org.kordamp.ikonli.feather.Feather;

/** Where the sidebar leads, in order; the n-th is reached by Ctrl+n. */
public enum Place {
    DASHBOARD("dashboard", Feather.GRID),
    PLAYGROUND("playground", Feather.MESSAGE_SQUARE),
    JOBS("jobs", Feather.LIST),
    SWARM("swarm", Feather.SHARE_2),
    BENCHMARK("benchmark", Feather.ACTIVITY),
    SETTINGS("settings", Feather.SETTINGS);

    private final String key;
    private final Feather icon;

    Place(String key, Feather icon) {
        this.key = key;
        this.icon = icon;
    }

    /** First part of the keys of its texts. */
    public String key() {
        return key;
    }

    Feather icon() {
        return icon;
    }
}
