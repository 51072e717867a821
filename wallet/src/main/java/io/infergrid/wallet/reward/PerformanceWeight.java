package io.infergrid.wallet.reward;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Bytes32;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code verified tokens x quality x uptime} of an epoch. Each factor is the stake-weighted median of what the validators say, so
 * whoever holds less than half of the stake cannot move it past an honest value; then one rig gets at most a share of all. Integers
 * only, every division rounds down, order of input does not matter: two people with the same records get the same bytes.
 */
public final class PerformanceWeight {

    /** One in parts per million. */
    public static final long PPM = 1_000_000;

    private static final long MAX_TOKENS = 1L << 50;

    private PerformanceWeight() {}

    /**
     * What one validator measured of one worker.
     *
     * @param tokens verified in the epoch
     * @param qualityPpm share of checks that agreed
     * @param uptimePpm share of the epoch that the worker could be reached
     */
    public record Score(Address validator, Address worker, long tokens, long qualityPpm, long uptimePpm) {
        public Score {
            if (tokens < 0
                    || tokens > MAX_TOKENS
                    || qualityPpm < 0
                    || qualityPpm > PPM
                    || uptimePpm < 0
                    || uptimePpm > PPM) {
                throw new IllegalArgumentException(
                        "expected tokens from 0 to 2^50 and shares from 0 to 1000000 ppm, found " + tokens + ", "
                                + qualityPpm + ", " + uptimePpm);
            }
        }
    }

    /**
     * The inputs and the result for one worker, to be shown to its owner.
     *
     * @param weight after the cap
     */
    public record Weight(Address worker, long tokens, long qualityPpm, long uptimePpm, BigInteger weight) {}

    /**
     * Weights of all workers that anybody scored, by rising address.
     *
     * @param stakes validators' weight at the epoch's start; scores of others do not count
     * @param hardware each worker's hardware signature: rigs that share one share one cap
     * @param guilty workers with a guilty verdict, which get nothing
     * @param capPpm most that one hardware signature gets of the sum of all
     */
    public static List<Weight> of(
            List<Score> scores,
            Map<Address, BigInteger> stakes,
            Map<Address, Bytes32> hardware,
            java.util.Set<Address> guilty,
            long capPpm) {
        var byWorker = new TreeMap<Address, List<Score>>(
                Comparator.comparing(address -> address.text().toLowerCase(java.util.Locale.ROOT)));
        var seen = new java.util.HashSet<List<Address>>();
        for (Score score : scores) {
            if (!seen.add(List.of(score.validator(), score.worker()))) {
                throw new IllegalArgumentException(
                        "expected one score of each validator for a worker, found two of " + score.validator());
            }
            if (stakes.getOrDefault(score.validator(), BigInteger.ZERO).signum() > 0) {
                byWorker.computeIfAbsent(score.worker(), worker -> new ArrayList<>())
                        .add(score);
            }
        }
        var weights = new ArrayList<Weight>();
        byWorker.forEach((worker, own) -> weights.add(weight(worker, own, stakes, guilty.contains(worker))));
        return capped(weights, hardware, capPpm);
    }

    private static Weight weight(Address worker, List<Score> scores, Map<Address, BigInteger> stakes, boolean guilty) {
        long tokens = median(scores, stakes, Score::tokens);
        long quality = median(scores, stakes, Score::qualityPpm);
        long uptime = median(scores, stakes, Score::uptimePpm);
        BigInteger weight = guilty
                ? BigInteger.ZERO
                : BigInteger.valueOf(tokens)
                        .multiply(BigInteger.valueOf(quality))
                        .multiply(BigInteger.valueOf(uptime))
                        .divide(BigInteger.valueOf(PPM * PPM));
        return new Weight(worker, tokens, quality, uptime, weight);
    }

    /**
     * The largest value that at least half of the stake says or exceeds. All stake counts, also of validators that said nothing:
     * they say zero, so a few cannot score alone.
     */
    static long median(
            List<Score> scores, Map<Address, BigInteger> stakes, java.util.function.ToLongFunction<Score> factor) {
        BigInteger total = stakes.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
        List<Score> falling = scores.stream()
                .sorted(Comparator.comparingLong(factor).reversed())
                .toList();
        BigInteger sum = BigInteger.ZERO;
        for (Score score : falling) {
            sum = sum.add(stakes.getOrDefault(score.validator(), BigInteger.ZERO));
            if (sum.shiftLeft(1).compareTo(total) >= 0) {
                return factor.applyAsLong(score);
            }
        }
        return 0;
    }

    private static List<Weight> capped(List<Weight> weights, Map<Address, Bytes32> hardware, long capPpm) {
        BigInteger all = weights.stream().map(Weight::weight).reduce(BigInteger.ZERO, BigInteger::add);
        BigInteger cap = all.multiply(BigInteger.valueOf(capPpm)).divide(BigInteger.valueOf(PPM));
        var ofHardware = new HashMap<Bytes32, BigInteger>();
        for (Weight weight : weights) {
            Bytes32 id = hardware.get(weight.worker());
            if (id != null) {
                ofHardware.merge(id, weight.weight(), BigInteger::add);
            }
        }
        return weights.stream()
                .map(weight -> capped(weight, hardware, ofHardware, cap))
                .toList();
    }

    /** Without a hardware signature there is nothing to cap, and nothing to reward. */
    private static Weight capped(
            Weight weight, Map<Address, Bytes32> hardware, Map<Bytes32, BigInteger> ofHardware, BigInteger cap) {
        Bytes32 id = hardware.get(weight.worker());
        BigInteger sum = id == null ? BigInteger.ZERO : ofHardware.getOrDefault(id, BigInteger.ZERO);
        BigInteger allowed = id == null
                ? BigInteger.ZERO
                : sum.compareTo(cap) <= 0
                        ? weight.weight()
                        : weight.weight().multiply(cap).divide(sum);
        return new Weight(weight.worker(), weight.tokens(), weight.qualityPpm(), weight.uptimePpm(), allowed);
    }
}
