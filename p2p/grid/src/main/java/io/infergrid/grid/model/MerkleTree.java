package io.infergrid.grid.model;

import io.infergrid.grid.Hash;
import java.security.MessageDigest;
import java.util.List;

/**
 * The Merkle tree hash of RFC 6962, section 2.1: a leaf is {@code SHA-256(0x00 | data)}, a node {@code SHA-256(0x01 | left | right)},
 * the left subtree the largest power of two that leaves something to the right.
 */
public final class MerkleTree {

    private MerkleTree() {}

    public static Hash leaf(byte[] data, int from, int length) {
        MessageDigest digest = Hash.sha256();
        digest.update((byte) 0);
        digest.update(data, from, length);
        return Hash.of(digest.digest());
    }

    public static Hash leaf(byte[] data) {
        return leaf(data, 0, data.length);
    }

    /** @param leaves hashes of the leaves, at least one */
    public static Hash root(List<Hash> leaves) {
        int n = leaves.size();
        if (n == 0) {
            throw new IllegalArgumentException("expected at least one leaf, found none");
        }
        if (n == 1) {
            return leaves.getFirst();
        }
        int left = Integer.highestOneBit(n - 1);
        MessageDigest digest = Hash.sha256();
        digest.update((byte) 1);
        digest.update(root(leaves.subList(0, left)).bytes());
        digest.update(root(leaves.subList(left, n)).bytes());
        return Hash.of(digest.digest());
    }
}
