package io.infergrid.grid.exchange;

import io.infergrid.grid.model.Manifest;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** Numbers all pieces of a model from 0, shard after shard, so that a set of them is one set of bits. Immutable. */
final class PieceNumbers {

    /** By shard, the number of its first piece; behind the last shard, the count of all. */
    private final int[] first;

    PieceNumbers(Manifest manifest) {
        first = new int[manifest.shards().size() + 1];
        for (int i = 0; i < manifest.shards().size(); i++) {
            first[i + 1] =
                    Math.addExact(first[i], manifest.shards().get(i).pieces().size());
        }
    }

    int count() {
        return first[first.length - 1];
    }

    int shards() {
        return first.length - 1;
    }

    int pieces(int shard) {
        return first[shard + 1] - first[shard];
    }

    boolean contains(int shard, int piece) {
        return shard >= 0 && shard < shards() && piece >= 0 && piece < pieces(shard);
    }

    int of(int shard, int piece) {
        return first[shard] + piece;
    }

    int shard(int number) {
        int found = Arrays.binarySearch(first, number);
        return found >= 0 ? found : -found - 2;
    }

    int piece(int number) {
        return number - first[shard(number)];
    }

    /** The numbers of pieces that are given shard by shard; {@code shards} fits this model. */
    BitSet all(List<BitSet> shards) {
        var all = new BitSet(count());
        for (int shard = 0; shard < shards.size(); shard++) {
            BitSet pieces = shards.get(shard);
            for (int piece = pieces.nextSetBit(0); piece >= 0; piece = pieces.nextSetBit(piece + 1)) {
                all.set(first[shard] + piece);
            }
        }
        return all;
    }
}
