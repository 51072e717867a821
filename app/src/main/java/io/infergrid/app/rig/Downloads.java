package io.infergrid.app.rig;

import io.infergrid.app.core.DownloadOrder;
import io.infergrid.grid.GridException;
import io.infergrid.grid.GridNode;
import io.infergrid.grid.Hash;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Carries out what the user says about downloads. */
final class Downloads {

    private static final Duration MANIFEST_LIMIT = Duration.ofSeconds(20);

    private Downloads() {}

    /**
     * Does it; blocks for the manifest when it begins one.
     *
     * @param node null while the rig is in no swarm
     * @throws IllegalStateException if it cannot be done now, in words for the user
     * @throws IllegalArgumentException if {@code modelRoot} is no root
     */
    static void order(@Nullable GridNode node, String modelRoot, DownloadOrder order) {
        Hash model = new Hash(modelRoot);
        if (node == null) {
            throw new IllegalStateException("expected the rig to be in a swarm, found it stopped: start it first");
        }
        boolean there = switch (order) {
            case FETCH -> fetch(node, model);
            case PAUSE -> node.pauseDownload(model);
            case RESUME -> node.resumeDownload(model);
            case CANCEL -> node.cancelDownload(model);
        };
        if (!there) {
            throw new IllegalStateException("expected a download of the model " + model.brief() + ", found none");
        }
    }

    private static boolean fetch(GridNode node, Hash model) {
        try {
            node.download(model, MANIFEST_LIMIT);
            return true;
        } catch (GridException e) {
            throw new IllegalStateException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while looking for the model " + model.brief(), e);
        }
    }
}
