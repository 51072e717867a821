package io.infergrid.wallet.reward;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import java.math.BigInteger;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/** Cumulative rewards: what an account was ever given. A claim pays the difference to what it took, so no epoch can be lost. */
public final class RewardSplit {

    private static final Comparator<Address> BY_NUMBER =
            Comparator.comparing(address -> address.text().toLowerCase(Locale.ROOT));

    private RewardSplit() {}

    /**
     * Adds an epoch's sum to what accounts had, in proportion to weight; each share rounds down and the dust stays in the pool for the
     * next epoch.
     *
     * @param before cumulative sums of the last epoch
     * @return cumulative sums by rising address; accounts with nothing are left out
     */
    public static SortedMap<Address, Amount> add(
            SortedMap<Address, Amount> before, List<PerformanceWeight.Weight> weights, Amount epochSum) {
        SortedMap<Address, Amount> after = new TreeMap<>(BY_NUMBER);
        after.putAll(before);
        BigInteger all =
                weights.stream().map(PerformanceWeight.Weight::weight).reduce(BigInteger.ZERO, BigInteger::add);
        for (PerformanceWeight.Weight weight : weights) {
            if (weight.weight().signum() > 0) {
                var share = new Amount(epochSum.wei().multiply(weight.weight()).divide(all));
                after.merge(weight.worker(), share, Amount::plus);
            }
        }
        after.values().removeIf(Amount.ZERO::equals);
        return after;
    }

    /** The first epoch's {@code before}. */
    public static SortedMap<Address, Amount> nothing() {
        return new TreeMap<>(BY_NUMBER);
    }

    public static Amount total(SortedMap<Address, Amount> cumulative) {
        return cumulative.values().stream().reduce(Amount.ZERO, Amount::plus);
    }
}
