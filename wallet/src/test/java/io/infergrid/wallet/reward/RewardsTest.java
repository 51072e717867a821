package io.infergrid.wallet.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.reward.PerformanceWeight.Score;
import io.infergrid.wallet.reward.PerformanceWeight.Weight;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RewardsTest {

    private static final Address POOL = account(999);

    private static Address account(int number) {
        return Address.ofUncheckedHex(String.format("0x%040x", number));
    }

    private static Map<Address, BigInteger> stakes(int validators) {
        var stakes = new HashMap<Address, BigInteger>();
        for (int i = 0; i < validators; i++) {
            stakes.put(account(100 + i), BigInteger.TEN);
        }
        return stakes;
    }

    private static Map<Address, Bytes32> hardware(int... workers) {
        var hardware = new HashMap<Address, Bytes32>();
        for (int worker : workers) {
            hardware.put(account(worker), Bytes32.ofNumber(BigInteger.valueOf(worker)));
        }
        return hardware;
    }

    private static BigInteger weight(List<Weight> weights, int worker) {
        return weights.stream()
                .filter(weight -> weight.worker().equals(account(worker)))
                .map(Weight::weight)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void two_of_five_validators_cannot_lift_a_friend_nor_sink_a_rival() {
        var scores = new ArrayList<Score>();
        for (int i = 0; i < 5; i++) {
            boolean liar = i >= 3;
            scores.add(new Score(account(100 + i), account(1), liar ? 1L << 40 : 1000, 1_000_000, 1_000_000));
            scores.add(new Score(account(100 + i), account(2), liar ? 0 : 1000, liar ? 0 : 1_000_000, 1_000_000));
        }
        List<Weight> weights = PerformanceWeight.of(scores, stakes(5), hardware(1, 2), Set.of(), 1_000_000);
        assertThat(weight(weights, 1)).isEqualTo(BigInteger.valueOf(1000));
        assertThat(weight(weights, 2)).isEqualTo(BigInteger.valueOf(1000));
    }

    @Test
    void quality_and_uptime_scale_a_guilty_worker_gets_nothing_and_a_stranger_s_score_does_not_count() {
        var scores = new ArrayList<Score>();
        for (int i = 0; i < 3; i++) {
            scores.add(new Score(account(100 + i), account(1), 1000, 500_000, 500_000));
            scores.add(new Score(account(100 + i), account(2), 1000, 1_000_000, 1_000_000));
        }
        scores.add(new Score(account(55), account(3), 1L << 40, 1_000_000, 1_000_000));
        List<Weight> weights = PerformanceWeight.of(scores, stakes(3), hardware(1, 2), Set.of(account(2)), 1_000_000);
        assertThat(weight(weights, 1)).isEqualTo(BigInteger.valueOf(250));
        assertThat(weight(weights, 2)).isZero();
        assertThat(weights).hasSize(2);
    }

    @Test
    void rigs_that_share_a_hardware_signature_share_its_cap() {
        var scores = new ArrayList<Score>();
        for (int worker = 1; worker <= 4; worker++) {
            for (int i = 0; i < 3; i++) {
                scores.add(new Score(account(100 + i), account(worker), 1000, 1_000_000, 1_000_000));
            }
        }
        Map<Address, Bytes32> hardware = hardware(1, 2, 3, 4);
        hardware.put(account(2), hardware.get(account(1)));
        List<Weight> weights = PerformanceWeight.of(scores, stakes(3), hardware, Set.of(), 300_000);
        assertThat(weight(weights, 1)).isEqualTo(BigInteger.valueOf(600));
        assertThat(weight(weights, 3)).isEqualTo(BigInteger.valueOf(1000));
        hardware.remove(account(4));
        assertThat(weight(PerformanceWeight.of(scores, stakes(3), hardware, Set.of(), 300_000), 4))
                .isZero();
    }

    @Property(tries = 50)
    void the_same_records_in_any_order_give_the_same_root(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int workers) {
        var random = new Random(seed);
        var scores = new ArrayList<Score>();
        var ids = new HashMap<Address, Bytes32>();
        for (int worker = 1; worker <= workers; worker++) {
            ids.put(account(worker), Bytes32.ofNumber(BigInteger.valueOf(worker)));
            for (int i = 0; i < 5; i++) {
                scores.add(new Score(
                        account(100 + i),
                        account(worker),
                        1 + random.nextLong(1L << 40),
                        1 + random.nextLong(1_000_000),
                        1 + random.nextLong(1_000_000)));
            }
        }
        Amount sum = Amount.parse("12345.678");
        RewardTree tree = tree(scores, ids, sum);
        Collections.shuffle(scores, random);
        assertThat(tree(scores, ids, sum).root()).isEqualTo(tree.root());
        assertThat(tree.total()).isLessThanOrEqualTo(sum);
        assertThat(sum.minus(tree.total()).wei()).isLessThanOrEqualTo(BigInteger.valueOf(workers));
        for (int worker = 1; worker <= workers; worker++) {
            Address account = account(worker);
            if (!tree.cumulative(account).equals(Amount.ZERO)) {
                List<Bytes32> proof = tree.proof(account);
                Amount due = tree.cumulative(account);
                assertThat(RewardTree.proves(tree.root(), 31337, POOL, account, due, proof))
                        .isTrue();
                assertThat(RewardTree.proves(tree.root(), 31337, POOL, account, due.plus(Amount.ofWei(1)), proof))
                        .isFalse();
                assertThat(RewardTree.proves(tree.root(), 199, POOL, account, due, proof))
                        .isFalse();
                assertThat(RewardTree.proves(tree.root(), 31337, account(5000), account, due, proof))
                        .isFalse();
            }
        }
        assertThatThrownBy(() -> tree.proof(account(4321))).hasMessageContaining("expected an account with rewards");
    }

    private static RewardTree tree(List<Score> scores, Map<Address, Bytes32> hardware, Amount sum) {
        List<Weight> weights = PerformanceWeight.of(scores, stakes(5), hardware, Set.of(), 1_000_000);
        return new RewardTree(31337, POOL, RewardSplit.add(RewardSplit.nothing(), weights, sum));
    }

    @Test
    void sums_grow_from_epoch_to_epoch_and_nothing_is_ever_taken_back() {
        List<Weight> first = List.of(new Weight(account(1), 1, 1, 1, BigInteger.ONE));
        List<Weight> second = List.of(
                new Weight(account(1), 1, 1, 1, BigInteger.ONE), new Weight(account(2), 1, 1, 1, BigInteger.TWO));
        SortedMap<Address, Amount> one = RewardSplit.add(RewardSplit.nothing(), first, Amount.parse("3"));
        SortedMap<Address, Amount> two = RewardSplit.add(one, second, Amount.parse("3"));
        assertThat(two.get(account(1))).isEqualTo(Amount.parse("4"));
        assertThat(two.get(account(2))).isEqualTo(Amount.parse("2"));
        assertThat(RewardSplit.add(two, List.of(), Amount.parse("3"))).isEqualTo(two);
    }

    @Test
    void a_score_out_of_range_and_a_second_score_of_the_same_validator_are_refused() {
        assertThatThrownBy(() -> new Score(account(1), account(2), -1, 0, 0)).hasMessageContaining("expected tokens");
        assertThatThrownBy(() -> new Score(account(1), account(2), 1, 1_000_001, 0))
                .hasMessageContaining("ppm");
        Score score = new Score(account(100), account(2), 1, 1, 1);
        assertThatThrownBy(() -> PerformanceWeight.of(List.of(score, score), stakes(1), Map.of(), Set.of(), 1))
                .hasMessageContaining("found two");
    }
}
