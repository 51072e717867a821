package io.infergrid.wallet.dispute;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.GridOnChain;
import io.infergrid.wallet.chain.LocalChain;
import io.infergrid.wallet.keys.Signature;
import io.infergrid.wallet.keys.SigningKey;
import io.infergrid.wallet.reward.PerformanceWeight;
import io.infergrid.wallet.reward.RewardContract;
import io.infergrid.wallet.reward.RewardSplit;
import io.infergrid.wallet.reward.RewardTree;
import io.infergrid.wallet.stake.HardwareContract;
import io.infergrid.wallet.stake.StakeContract;
import io.infergrid.wallet.stake.StakeRole;
import io.infergrid.wallet.stake.StakeState;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Five validators, the fifth dishonest, two workers, one of whom cheated: a fault's evidence becomes a dispute, a verdict, an appeal,
 * a slash and a denial; then the epoch's rewards are shared and claimed.
 */
class FaultToSlashTest {

    /** An owner and its operator. */
    private record Person(SigningKey owner, SigningKey operator) {
        Address address() {
            return owner.address();
        }
    }

    private static final Bytes32 EVIDENCE =
            Bytes32.keccak("window 3, block 17: digests differ".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    private static final Bytes32 CARD = Bytes32.keccak(new byte[] {42});

    private static Person person(int index) {
        SigningKey operator =
                SigningKey.of(HexFormat.of().parseHex(String.format(Locale.ROOT, "%064x", 7_000_000 + index)));
        return new Person(LocalChain.richAccount(index), operator);
    }

    @ParameterizedTest
    @ValueSource(strings = {"berlin", "prague"})
    void a_fault_becomes_a_verdict_survives_an_appeal_and_costs_stake_and_card(String hardfork) throws IOException {
        try (var story = new Story(hardfork)) {
            story.guiltyAfterAppeal();
        }
    }

    @Test
    void who_does_not_reveal_loses_by_silence() throws IOException {
        try (var story = new Story("berlin")) {
            story.silent();
        }
    }

    private static Bytes32 salt(int member) {
        return Bytes32.keccak(new byte[] {(byte) (90 + member)});
    }

    private static final class Story implements AutoCloseable {
        private final GridOnChain grid;
        private final StakeContract stakes;
        private final HardwareContract hardware;
        private final CourtContract court;
        private final List<Person> validators;
        private final Person honest;
        private final Person cheat;

        Story(String hardfork) throws IOException {
            grid = new GridOnChain(new LocalChain.Options(hardfork, Duration.ZERO, Optional.empty()));
            stakes = new StakeContract(grid.client);
            hardware = new HardwareContract(grid.client);
            court = new CourtContract(grid.client);
            validators = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                validators.add(person(i));
            }
            validators.sort(
                    Comparator.comparing(person -> person.address().text().toLowerCase(Locale.ROOT)));
            honest = person(5);
            cheat = person(6);
            for (Person validator : validators) {
                join(validator, StakeRole.VALIDATOR, "20000");
            }
            join(honest, StakeRole.WORKER, "5000");
            join(cheat, StakeRole.WORKER, "5000");
            grid.act(cheat.owner(), hardware.bind(CARD));
            grid.chain.passTime(Duration.ofDays(1).plusMinutes(1)); // a validator's weight counts after an epoch
        }

        private void join(Person person, StakeRole role, String amount) {
            grid.act(person.owner(), stakes.stake(role, Amount.parse(amount)));
            grid.act(
                    person.owner(),
                    stakes.setOperator(
                            person.operator().address(),
                            person.operator()
                                    .sign(stakes.operatorDigest(
                                            person.address(), person.operator().address()))));
        }

        private static WorkReceipt receipt(Bytes32 root, long epoch) {
            Bytes32 job = Bytes32.keccak(new byte[] {1});
            return new WorkReceipt(job, Bytes32.ZERO, Bytes32.keccak(new byte[] {2}), root, 1, 2, epoch);
        }

        private static Bytes32 pair(Bytes32 a, Bytes32 b) {
            return a.compareTo(b) < 0
                    ? Bytes32.keccak(a.toBytes(), b.toBytes())
                    : Bytes32.keccak(b.toBytes(), a.toBytes());
        }

        /** Opens over window 1 of two, lets the worker reveal it and draws the panel. */
        private long disputed() throws IOException {
            Bytes32 first = Bytes32.keccak(new byte[] {10});
            Bytes32 second = Bytes32.keccak(new byte[] {11});
            Bytes32 root = pair(WorkReceipt.leaf(first, 0), WorkReceipt.leaf(second, 1));
            WorkReceipt receipt = receipt(root, court.currentEpoch());
            Signature signed = cheat.operator().sign(receipt.digest(court.domain()));
            Person challenger = validators.getFirst();
            grid.bond(challenger.owner(), "DisputeCourt", court.bond());
            grid.act(challenger.owner(), court.open(receipt, signed, 1));
            long id = court.count();
            assertThat(court.read(id).state()).isEqualTo(CourtCase.State.OPEN);
            assertThat(grid.refusal(challenger.owner(), court.open(receipt, signed, 1)))
                    .startsWith("AlreadyDisputed(");
            assertThat(grid.refusal(cheat.owner(), court.reveal(id, first, List.of(WorkReceipt.leaf(second, 1)))))
                    .isEqualTo("BadLeaf");
            grid.act(cheat.owner(), court.reveal(id, second, List.of(WorkReceipt.leaf(first, 0))));
            grid.chain.mine(3);
            grid.act(challenger.owner(), court.drawPanel(id));
            assertThat(court.panel(id)).hasSize(4).doesNotContain(challenger.address());
            return id;
        }

        private List<Signature> verdicts(long id, boolean guilty, Set<Integer> who) {
            return who.stream()
                    .sorted()
                    .map(i -> validators.get(i).operator().sign(court.verdictDigest(id, guilty, EVIDENCE)))
                    .toList();
        }

        private void appealFails(long id) throws IOException {
            grid.bond(cheat.owner(), "DisputeCourt", court.bond().plus(court.bond()));
            grid.act(cheat.owner(), court.appeal(id));
            grid.chain.mine(3);
            grid.act(cheat.owner(), court.drawPanel(id));
            for (int i = 1; i < 5; i++) {
                Person member = validators.get(i);
                Bytes32 salt = salt(i);
                grid.act(member.owner(), court.vote(id, CourtContract.voteHash(id, member.address(), i != 4, salt)));
            }
            Person copied = validators.get(1);
            assertThat(grid.refusal(copied.owner(), court.revealVote(id, true, salt(1))))
                    .startsWith("TooEarly(");
            grid.chain.passTime(Duration.ofDays(1).plusMinutes(1));
            assertThat(grid.refusal(copied.owner(), court.revealVote(id, false, salt(1))))
                    .isEqualTo("BadVote");
            for (int i = 1; i < 5; i++) {
                grid.act(validators.get(i).owner(), court.revealVote(id, i != 4, salt(i)));
            }
            grid.chain.passTime(Duration.ofDays(1).plusMinutes(1));
            grid.act(validators.getFirst().owner(), court.finish(id));
        }

        /** The dishonest one had signed guilty as well, to somebody else. */
        private void twoVerdictsOfTheFifth(long id) {
            Person liar = validators.get(4);
            Signature guilty = liar.operator().sign(court.verdictDigest(id, true, EVIDENCE));
            Signature not = liar.operator().sign(court.verdictDigest(id, false, EVIDENCE));
            grid.act(honest.owner(), court.proveTwoVerdicts(id, EVIDENCE, guilty, EVIDENCE, not));
            assertThat(stakes.read(liar.address()).active()).isEqualTo(Amount.ZERO);
        }

        private void rewards() throws IOException {
            var pool = new RewardContract(grid.client);
            grid.bond(validators.getFirst().owner(), "RewardPool", Amount.parse("900"));
            grid.act(validators.getFirst().owner(), pool.fund(Amount.parse("900")));
            var scores = new ArrayList<PerformanceWeight.Score>();
            Map<Address, BigInteger> weights = new HashMap<>();
            var now = grid.client.head().time();
            for (Person validator : validators.subList(0, 4)) {
                weights.put(validator.address(), stakes.weight(validator.address(), now));
                scores.add(new PerformanceWeight.Score(validator.address(), honest.address(), 5000, 990_000, 950_000));
                scores.add(new PerformanceWeight.Score(validator.address(), cheat.address(), 9000, 990_000, 950_000));
            }
            assertThat(weights.values()).allMatch(weight -> weight.signum() > 0);
            Map<Address, Bytes32> cards =
                    Map.of(honest.address(), Bytes32.keccak(new byte[] {43}), cheat.address(), CARD);
            var shares = PerformanceWeight.of(scores, weights, cards, Set.of(cheat.address()), 1_000_000);
            RewardTree tree = pool.tree(RewardSplit.add(RewardSplit.nothing(), shares, pool.funded()));
            assertThat(tree.cumulative(cheat.address())).isEqualTo(Amount.ZERO);
            Bytes32 records = Bytes32.keccak(scores.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
            byte[] digest = pool.digest(1, tree, records);
            List<Signature> two = validators.subList(0, 2).stream()
                    .map(person -> person.operator().sign(digest))
                    .toList();
            assertThat(grid.refusal(honest.owner(), pool.propose(1, tree, records, two)))
                    .startsWith("TooLittleWeight(");
            List<Signature> three = validators.subList(0, 3).stream()
                    .map(person -> person.operator().sign(digest))
                    .toList();
            grid.act(honest.owner(), pool.propose(1, tree, records, three));
            assertThat(grid.refusal(honest.owner(), pool.claim(tree, honest.address())))
                    .isEqualTo("BadProof");
            grid.chain.passTime(Duration.ofDays(1).plusMinutes(1));
            Amount before = grid.coin.balance(honest.address());
            grid.act(honest.owner(), pool.claim(tree, honest.address()));
            Amount due = tree.cumulative(honest.address());
            assertThat(grid.coin.balance(honest.address()).minus(before)).isEqualTo(due);
            assertThat(pool.claimed(honest.address())).isEqualTo(due);
            grid.act(honest.owner(), pool.claim(tree, honest.address())); // once more pays nothing
            assertThat(grid.coin.balance(honest.address()).minus(before)).isEqualTo(due);
            assertThat(grid.refusal(
                            honest.owner(),
                            pool.claim(honest.address(), due.plus(Amount.ofWei(1)), tree.proof(honest.address()))))
                    .isEqualTo("BadProof");
        }

        /** Unbond, wait, withdraw: also what was left to the cheat. */
        private void leave() throws IOException {
            grid.act(cheat.owner(), stakes.requestUnbond(Amount.parse("2500")));
            StakeState.Ticket ticket = stakes.read(cheat.address()).tickets().getFirst();
            assertThat(grid.refusal(cheat.owner(), stakes.withdraw(ticket))).startsWith("TooEarly(");
            assertThat(stakes.unbonding()).isEqualTo(Duration.ofDays(14));
            grid.chain.passTime(stakes.unbonding());
            Amount before = grid.coin.balance(cheat.address());
            grid.act(cheat.owner(), stakes.withdraw(ticket));
            assertThat(grid.coin.balance(cheat.address()).minus(before)).isEqualTo(Amount.parse("2500"));
            grid.act(cheat.owner(), grid.coin.unwrap(Amount.parse("2500")));
        }

        void guiltyAfterAppeal() throws IOException {
            long id = disputed();
            // the fifth validator says not guilty, alone; two are too few
            assertThat(grid.refusal(
                            validators.get(4).owner(),
                            court.judge(id, false, EVIDENCE, verdicts(id, false, Set.of(4)))))
                    .startsWith("TooFewSigners(1");
            assertThat(grid.refusal(
                            validators.get(1).owner(),
                            court.judge(id, true, EVIDENCE, verdicts(id, true, Set.of(1, 2)))))
                    .startsWith("TooFewSigners(2");
            assertThat(grid.refusal(
                            validators.get(1).owner(),
                            court.judge(id, true, EVIDENCE, verdicts(id, true, Set.of(0, 1, 2)))))
                    .startsWith("NotOnPanel(");
            grid.act(validators.get(1).owner(), court.judge(id, true, EVIDENCE, verdicts(id, true, Set.of(1, 2, 3))));
            assertThat(grid.refusal(cheat.owner(), court.finish(id))).startsWith("TooEarly(");

            appealFails(id);

            StakeState after = stakes.read(cheat.address());
            assertThat(court.read(id).state()).isEqualTo(CourtCase.State.GUILTY);
            assertThat(after.active()).isEqualTo(Amount.parse("2500"));
            assertThat(after.openCases()).isZero();
            assertThat(hardware.denied(CARD)).isTrue();
            assertThat(hardware.ownerDenied(cheat.address())).isTrue();
            assertThat(stakes.eligible(cheat.address(), StakeRole.WORKER)).isFalse();
            assertThat(grid.refusal(cheat.owner(), stakes.stake(StakeRole.WORKER, Amount.parse("5000"))))
                    .isEqualTo("Denied");
            assertThat(grid.refusal(honest.owner(), hardware.bind(CARD))).isEqualTo("IsDenied");

            twoVerdictsOfTheFifth(id);
            rewards();
            leave();
        }

        void silent() throws IOException {
            WorkReceipt receipt = receipt(Bytes32.keccak(new byte[] {99}), court.currentEpoch());
            Signature signed = cheat.operator().sign(receipt.digest(court.domain()));
            Person challenger = validators.getFirst();
            grid.bond(challenger.owner(), "DisputeCourt", court.bond());
            grid.act(challenger.owner(), court.open(receipt, signed, 0));
            grid.chain.passTime(Duration.ofDays(1).plusMinutes(1));
            grid.act(challenger.owner(), court.defaultLoss(court.count()));
            assertThat(court.read(court.count()).state()).isEqualTo(CourtCase.State.SILENT);
            assertThat(stakes.read(cheat.address()).active()).isEqualTo(Amount.parse("4500"));
            assertThat(hardware.denied(CARD)).isFalse();
        }

        @Override
        public void close() {
            grid.close();
        }
    }
}
