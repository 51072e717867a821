package io.infergrid.wallet.reward;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.Keccak256;
import io.infergrid.wallet.TypedDomain;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The Merkle tree over cumulative rewards. A leaf is {@code keccak(keccak(chainId, pool, account, cumulative))}, hashed twice so
 * that no inner node can pass for a leaf, with chain and contract so that it is good nowhere else; pairs are hashed in sorted order,
 * as OpenZeppelin's MerkleProof expects. Leaves are in the order of their hashes, an odd one moves up as it is.
 */
public final class RewardTree {

    private final List<byte[][]> levels = new ArrayList<>();
    private final SortedMap<Bytes32, Integer> positions = new TreeMap<>();
    private final long chainId;
    private final Address pool;
    private final SortedMap<Address, Amount> cumulative;

    /**
     * @param cumulative at least one account
     */
    public RewardTree(long chainId, Address pool, SortedMap<Address, Amount> cumulative) {
        if (cumulative.isEmpty()) {
            throw new IllegalArgumentException("expected one account at least");
        }
        this.chainId = chainId;
        this.pool = pool;
        this.cumulative = cumulative;
        byte[][] leaves = cumulative.entrySet().stream()
                .map(entry -> leaf(chainId, pool, entry.getKey(), entry.getValue()))
                .sorted(Arrays::compareUnsigned)
                .toArray(byte[][]::new);
        for (int i = 0; i < leaves.length; i++) {
            positions.put(Bytes32.of(leaves[i]), i);
        }
        for (byte[][] level = leaves; ; level = above(level)) {
            levels.add(level);
            if (level.length == 1) {
                break;
            }
        }
    }

    static byte[] leaf(long chainId, Address pool, Address account, Amount cumulative) {
        return Keccak256.hash(Keccak256.hash(
                TypedDomain.word(chainId),
                TypedDomain.word(pool),
                TypedDomain.word(account),
                TypedDomain.word(cumulative.wei())));
    }

    private static byte[][] above(byte[][] level) {
        byte[][] above = new byte[(level.length + 1) / 2][];
        for (int i = 0; i < above.length; i++) {
            above[i] = 2 * i + 1 < level.length ? pair(level[2 * i], level[2 * i + 1]) : level[2 * i];
        }
        return above;
    }

    private static byte[] pair(byte[] a, byte[] b) {
        return Arrays.compareUnsigned(a, b) < 0 ? Keccak256.hash(a, b) : Keccak256.hash(b, a);
    }

    public Bytes32 root() {
        return Bytes32.of(levels.getLast()[0]);
    }

    public Amount total() {
        return RewardSplit.total(cumulative);
    }

    /** What an account was ever given; zero if it is not in the tree. */
    public Amount cumulative(Address account) {
        return cumulative.getOrDefault(account, Amount.ZERO);
    }

    /**
     * The siblings from an account's leaf to the root.
     *
     * @throws IllegalArgumentException if the account has nothing to claim
     */
    public List<Bytes32> proof(Address account) {
        Amount sum = cumulative.get(account);
        Integer at = sum == null ? null : positions.get(Bytes32.of(leaf(chainId, pool, account, sum)));
        if (at == null) {
            throw new IllegalArgumentException("expected an account with rewards, found " + account);
        }
        var proof = new ArrayList<Bytes32>();
        int position = at;
        for (byte[][] level : levels) {
            int sibling = position ^ 1;
            if (sibling < level.length) {
                proof.add(Bytes32.of(level[sibling]));
            }
            position >>>= 1;
        }
        return proof;
    }

    /** Whether a proof leads from a claim to a root, as the contract checks it. */
    public static boolean proves(
            Bytes32 root, long chainId, Address pool, Address account, Amount cumulative, List<Bytes32> proof) {
        byte[] at = leaf(chainId, pool, account, cumulative);
        for (Bytes32 sibling : proof) {
            at = pair(at, sibling.toBytes());
        }
        return Bytes32.of(at).equals(root);
    }
}
