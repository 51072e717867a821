package io.infergrid.grid.model;

import io.infergrid.grid.Hash;
import java.util.List;

/**
 * One shard of a model: which bytes of the GGUF file it has, in this order one behind the other, and what they hash to.
 *
 * @param kind what is in it
 * @param block index of the block, 0 for other kinds
 * @param extents the file's bytes that make up the shard
 * @param pieces leaf hash of each piece (1 MiB, the last may be shorter)
 */
public record Shard(Kind kind, int block, List<Extent> extents, List<Hash> pieces) {

    public static final int PIECE_BYTES = 1 << 20;
    static final int MAX_EXTENTS = 4096;
    static final int MAX_PIECES = 1 << 18;

    /** What a shard holds. */
    public enum Kind {
        /** The GGUF's header (metadata, tokenizer, tensor directory) and tensors that every stage needs, e.g. rotary factors. */
        METADATA,
        /** The input embedding; also the output matrix where both are tied. */
        EMBEDDING,
        /** One transformer block. */
        BLOCK,
        /** The output norm and, unless tied to the embedding, the output matrix. */
        HEAD
    }

    public Shard {
        extents = List.copyOf(extents);
        pieces = List.copyOf(pieces);
    }

    public long bytes() {
        return extents.stream().mapToLong(Extent::bytes).sum();
    }

    /** Bytes of piece {@code index}. */
    public int pieceBytes(int index) {
        if (index < 0 || index >= pieces.size()) {
            throw new IllegalArgumentException("expected a piece of 0 to " + (pieces.size() - 1) + ", found " + index);
        }
        return (int) Math.min(PIECE_BYTES, bytes() - (long) index * PIECE_BYTES);
    }

    /** Whether these are the bytes of piece {@code index}. */
    public boolean verifies(int index, byte[] piece) {
        return piece.length == pieceBytes(index) && verifies(index, piece, piece.length);
    }

    /** Whether the first {@code length} of these are the bytes of piece {@code index}. */
    public boolean verifies(int index, byte[] piece, int length) {
        return length == pieceBytes(index) && MerkleTree.leaf(piece, 0, length).equals(pieces.get(index));
    }

    /** Merkle root over the pieces. */
    public Hash root() {
        return MerkleTree.root(pieces);
    }

    /** For people, and for file names: {@code metadata}, {@code embedding}, {@code block 3}, {@code head}. */
    public String label() {
        return switch (kind) {
            case METADATA -> "metadata";
            case EMBEDDING -> "embedding";
            case BLOCK -> "block " + block;
            case HEAD -> "head";
        };
    }

    static int piecesOf(long bytes) {
        return Math.toIntExact((bytes + PIECE_BYTES - 1) / PIECE_BYTES);
    }
}
