/**
 * Rewards of an epoch, reproducible by anyone from published records: {@link io.infergrid.wallet.reward.PerformanceWeight} turns
 * validators' scores into weights in integers, {@link io.infergrid.wallet.reward.RewardSplit} shares an epoch's sum, and {@link
 * io.infergrid.wallet.reward.RewardTree} gives the cumulative Merkle root that validators sign and the proofs that claims need.
 */
@NullMarked
package io.infergrid.wallet.reward;

import org.jspecify.annotations.NullMarked;
