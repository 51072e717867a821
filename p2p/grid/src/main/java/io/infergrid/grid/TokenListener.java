package io.infergrid.grid;

import java.time.Duration;
import java.util.List;

/** Hears the tokens of one job in order, on the thread that called {@code generate}. */
public interface TokenListener {

    /** @param hops the time that each stage, in order, took for this token */
    void token(int id, List<Hop> hops);

    /** @param compute time on the stage's engine, without waiting and without the wire */
    record Hop(int stage, String peerId, BlockRange blocks, Duration compute) {}
}
