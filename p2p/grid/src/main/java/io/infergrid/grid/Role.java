package io.infergrid.grid;

/** What a node does in the grid; every node runs the same program and may have several roles. */
public enum Role {
    /** Runs stages for others. */
    WORKER,
    /** Opens sessions for its user. */
    GATEWAY,
    /** Offers shards only. */
    SEEDER
}
