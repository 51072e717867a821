package io.infergrid.grid.model;

import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.grid.Hash;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;

/** What a node has of one model: all of it in a GGUF file, or shards on disk. Thread-safe. */
public sealed interface HeldShards extends AutoCloseable permits GgufShards, ShardStore {

    Manifest manifest();

    Hash root();

    /** The pieces at hand of a shard; a copy. */
    BitSet pieces(int shard);

    /** Whether all pieces of a shard are at hand. */
    default boolean complete(int shard) {
        return pieces(shard).cardinality()
                == manifest().shards().get(shard).pieces().size();
    }

    /**
     * The bytes of one piece, verified.
     *
     * @throws IOException if it is not at hand, or no longer what was verified once
     */
    byte[] piece(int shard, int piece) throws IOException;

    /** Whether one piece is at hand. */
    default boolean has(int shard, int piece) {
        return pieces(shard).get(piece);
    }

    /**
     * The bytes of one piece for a peer, hashed at least once since this was opened.
     *
     * @throws IOException as of {@link #piece}
     */
    default byte[] pieceToSend(int shard, int piece) throws IOException {
        return piece(shard, piece);
    }

    /** The model's metadata, if the metadata shard is at hand. */
    GgufMetadata metadata() throws IOException;

    /**
     * Maps the tensors that a stage reads, after verifying their shards.
     *
     * @throws IOException if a shard is missing or spoilt; the message names it
     */
    OpenTensors open(StageSpec spec) throws IOException;

    /** Puts the GGUF file together, byte for byte; all shards must be at hand. The file appears when it is whole. */
    void assemble(Path gguf) throws IOException;

    @Override
    void close();
}
