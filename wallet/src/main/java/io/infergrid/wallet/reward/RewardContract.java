package io.infergrid.wallet.reward;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.chain.AbiCall;
import io.infergrid.wallet.chain.Action;
import io.infergrid.wallet.chain.ChainClient;
import io.infergrid.wallet.chain.Intent;
import io.infergrid.wallet.keys.Signature;
import java.util.List;
import java.util.SortedMap;

/** {@code RewardPool}: roots that validators sign, and claims against them. */
public final class RewardContract {

    private static final String ROOT_TYPE =
            "EpochRoot(uint64 epoch,bytes32 root,uint128 totalCumulative,bytes32 weightsHash)";

    private final ChainClient client;
    private final Address pool;
    private final TypedDomain domain;

    public RewardContract(ChainClient client) {
        this.client = client;
        this.pool = client.network().contract("RewardPool").address();
        this.domain = new TypedDomain("InferGrid Rewards", "1", client.network().chainId(), pool);
    }

    /** The tree over these sums for this pool. */
    public RewardTree tree(SortedMap<Address, Amount> cumulative) {
        return new RewardTree(client.network().chainId(), pool, cumulative);
    }

    /** All that ever came into the pool. */
    public Amount funded() {
        return client.view(AbiCall.of("fundedTotal()"), pool).amount(0);
    }

    /** What an account took so far. */
    public Amount claimed(Address account) {
        return client.view(AbiCall.of("claimed(address)").word(account), pool).amount(0);
    }

    public Intent fund(Amount amount) {
        return new Intent(
                new Action.Administer("fund rewards", List.of(amount.toString())),
                AbiCall.of("fund(uint256)").word(amount).to(pool));
    }

    /** What validators' operators sign for an epoch's root. */
    public byte[] digest(long epoch, RewardTree tree, Bytes32 weightsHash) {
        return domain.digest(
                TypedDomain.type(ROOT_TYPE),
                TypedDomain.word(epoch),
                tree.root().toBytes(),
                TypedDomain.word(tree.total().wei()),
                weightsHash.toBytes());
    }

    /**
     * @param signatures by validators' operators with two thirds of all weight, ascending by owner
     */
    public Intent propose(long epoch, RewardTree tree, Bytes32 weightsHash, List<Signature> signatures) {
        return new Intent(
                new Action.ProposeReward(epoch, tree.root()),
                AbiCall.of("proposeRoot(uint64,bytes32,uint128,bytes32,bytes[])")
                        .word(epoch)
                        .word(tree.root())
                        .word(tree.total())
                        .word(weightsHash)
                        .byteArrays(signatures.stream().map(Signature::toBytes).toList())
                        .to(pool));
    }

    /** Takes what an account was given and did not take yet; pays the account whoever sends it. */
    public Intent claim(RewardTree tree, Address account) {
        Amount cumulative = tree.cumulative(account);
        return claim(account, cumulative, tree.proof(account));
    }

    public Intent claim(Address account, Amount cumulative, List<Bytes32> proof) {
        return new Intent(
                new Action.ClaimReward(cumulative),
                AbiCall.of("claim(address,uint128,bytes32[])")
                        .word(account)
                        .word(cumulative)
                        .words(proof)
                        .to(pool));
    }
}
