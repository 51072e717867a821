package io.infergrid.app.core;

import java.util.Locale;
import java.util.Optional;

/** What a user says about fetching the shards of a whole model. */
public enum DownloadOrder {
    /** Begin: everything of the model that is not here yet. */
    FETCH,
    /** Hold on; what came is kept, and so are the sources. */
    PAUSE,
    /** Go on with what was paused or failed. */
    RESUME,
    /** End; what came is kept. */
    CANCEL;

    /** As it is called on the command line and in the local API, e.g. {@code pause}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<DownloadOrder> of(String word) {
        for (var order : values()) {
            if (order.word().equals(word)) {
                return Optional.of(order);
            }
        }
        return Optional.empty();
    }
}
