package io.infergrid.grid;

/** A failure of the grid that a caller can act on; the message is one line that says what was expected and what was found. */
public abstract sealed class GridException extends Exception {

    private static final long serialVersionUID = 1;

    private GridException(String message) {
        super(message);
    }

    /** No chain of peers covers the model now. */
    public static final class NoRoute extends GridException {
        private static final long serialVersionUID = 1;

        public NoRoute(String message) {
            super(message);
        }
    }

    /** Stages were lost during a job more often than it is worth trying again. */
    public static final class PipelineLost extends GridException {
        private static final long serialVersionUID = 1;

        public PipelineLost(String message) {
            super(message);
        }
    }

    /** The request cannot be served by this model, e.g. it is longer than the context. */
    public static final class BadRequest extends GridException {
        private static final long serialVersionUID = 1;

        public BadRequest(String message) {
            super(message);
        }
    }

    /** No peer offers a shard, or the manifest, that is missing here. */
    public static final class ShardMissing extends GridException {
        private static final long serialVersionUID = 1;

        public ShardMissing(String message) {
            super(message);
        }
    }

    /** There is no room on the disk for shards, within the quota that the user set. */
    public static final class NoRoom extends GridException {
        private static final long serialVersionUID = 1;

        public NoRoom(String message) {
            super(message);
        }
    }
}
