/**
 * The grid: nodes that hold parts of a model, tell each other so, and answer together. Read {@link
 * io.infergrid.grid.GridNode} first: it is the one face of a node towards the app. Below it {@code model} cuts a GGUF into
 * shards, {@code exchange} moves their pieces between peers, {@code announce} spreads who holds what, {@code placement}
 * decides which blocks a worker takes, and {@code pipeline} runs sessions over a chain of stages.
 *
 * <p>Knows libp2p and the engine; never money, SQL or a user interface.
 */
@NullMarked
package io.infergrid.grid;

import org.jspecify.annotations.NullMarked;
