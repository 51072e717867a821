package io.infergrid.grid.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.Hash;
import io.infergrid.grid.payment.Payments.Due;
import io.infergrid.grid.payment.Payments.Service;
import io.infergrid.libp2p.PeerId;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A gateway's cashier and a worker's gate, with what can happen between them. */
class PaymentProperties {

    private static final PeerId PEER = PeerId.parse("12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN");
    private static final Service SERVICE =
            new Service("00112233445566778899aabbccddeeff", hash(0), new BlockRange(0, 2), PEER, PEER, false);

    /** A purse whose vouchers say what they are for; loses none. */
    private static final class Purse implements Payments {
        private final List<Due> paid = new ArrayList<>();
        private final List<Due> stored = new ArrayList<>();
        private boolean empty;

        @Override
        public Optional<Offer> offer(Service service) {
            return Optional.empty();
        }

        @Override
        public synchronized Verdict received(Service service, Offer offer, Due due, byte[] voucher) {
            if (!new String(voucher, java.nio.charset.StandardCharsets.US_ASCII).equals(due.toString())) {
                return new Verdict.Rejected("it is for something else");
            }
            stored.add(due);
            return new Verdict.Stored();
        }

        @Override
        public Optional<String> objection(Service service, Offer offer) {
            return Optional.empty();
        }

        @Override
        public synchronized Optional<byte[]> pay(Service service, Offer offer, Due due) {
            if (empty) {
                return Optional.empty();
            }
            paid.add(due);
            return Optional.of(due.toString().getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
    }

    private static Hash hash(int number) {
        return Hash.of(Hash.sha256().digest(new byte[] {(byte) number, (byte) (number >> 8)}));
    }

    @Property(tries = 60)
    void nobody_loses_more_than_the_credit_and_every_voucher_is_for_work_that_was_done(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 4) int credit,
            @ForAll @IntRange(min = 1, max = 20) int windows,
            @ForAll boolean standby)
            throws Exception {
        var random = new Random(seed);
        var offer = new Offer(BigInteger.valueOf(random.nextInt(100_000)), credit, new byte[0]);
        var purse = new Purse();
        var sent = new LinkedBlockingQueue<Cashier.Payment>();
        var trouble = new ArrayList<String>();
        var gate = new CreditGate(purse, SERVICE, offer, Duration.ZERO);
        var cashier = new Cashier(purse, SERVICE, offer, sent::add, trouble::add);
        int stopsAt = random.nextInt(windows + 1); // from here on the gateway pays nothing
        int computed = 0;
        for (int window = 0; window < windows; window++) {
            try {
                gate.enter(32 * (window + 1));
            } catch (CreditGate.Unpaid unpaid) {
                assertThat(window).isEqualTo(stopsAt + credit);
                break;
            }
            computed++;
            gate.committed(hash(window));
            assertThat(cashier.committed(window, hash(window))).isTrue();
            assertThat(cashier.committed(window, hash(window))).as("twice").isFalse();
            if (window < stopsAt) {
                if (standby) {
                    cashier.right(window);
                } else {
                    cashier.nobodyChecks();
                }
                cashier.passed(window + 1);
                Cashier.Payment payment = sent.poll(10, TimeUnit.SECONDS);
                assertThat(payment).isNotNull();
                assertThat(gate.paid(payment.windows(), payment.committed(), payment.voucher()))
                        .isEmpty();
                assertThat(gate.paid(payment.windows(), payment.committed(), payment.voucher()))
                        .as("again")
                        .isEmpty();
            }
            assertThat(gate.outstanding()).isBetween(0, credit);
        }
        assertThat(trouble).isEmpty();
        assertThat(purse.stored).isEqualTo(purse.paid);
        assertThat(cashier.paid()).isEqualTo(Math.min(stopsAt, computed)).isLessThanOrEqualTo(computed);
        assertThat(computed - cashier.paid()).isBetween(0, credit);
        BigInteger last = BigInteger.ZERO;
        for (Due due : purse.paid) {
            assertThat(due.amount()).isGreaterThanOrEqualTo(last).isEqualTo(offer.due(due.windows()));
            last = due.amount();
        }
    }

    @Example
    void windows_that_the_pipeline_is_not_past_and_those_that_differ_are_not_paid() throws Exception {
        var purse = new Purse();
        var sent = new LinkedBlockingQueue<Cashier.Payment>();
        var offer = new Offer(BigInteger.valueOf(1000), 8, new byte[0]);
        var cashier = new Cashier(purse, SERVICE, offer, sent::add, why -> {});
        for (int window = 0; window < 4; window++) {
            cashier.committed(window, hash(window));
        }
        assertThat(cashier.committed(9, hash(9))).as("a gap").isFalse();
        cashier.right(0);
        cashier.wrong(1);
        cashier.right(2);
        cashier.right(3);
        assertThat(cashier.paid()).isZero();
        cashier.passed(3);
        assertThat(sent.poll(10, TimeUnit.SECONDS).windows()).isEqualTo(2);
        assertThat(cashier.owes(3)).isFalse();
        assertThat(cashier.owes(4)).isTrue();
        assertThat(purse.paid.getLast().amount()).isEqualTo(BigInteger.valueOf(64));
    }

    @Example
    void an_empty_purse_stops_and_a_forged_voucher_opens_nothing() throws Exception {
        var purse = new Purse();
        purse.empty = true;
        var trouble = new LinkedBlockingQueue<String>();
        var offer = new Offer(BigInteger.TEN, 1, new byte[0]);
        var cashier = new Cashier(purse, SERVICE, offer, payment -> {}, trouble::add);
        cashier.committed(0, hash(0));
        cashier.nobodyChecks();
        cashier.passed(1);
        assertThat(trouble.poll(10, TimeUnit.SECONDS)).contains("no voucher");
        assertThat(cashier.owes(1)).isFalse();

        var gate = new CreditGate(purse, SERVICE, offer, Duration.ZERO);
        gate.enter(32);
        gate.committed(hash(0));
        assertThat(gate.paid(1, 1, new byte[] {1})).contains("it is for something else");
        assertThat(gate.paid(2, 2, new byte[] {1}).orElseThrow()).contains("found one for 2 of 2");
        gate.enter(63);
        assertThatThrownBy(() -> gate.enter(64))
                .isInstanceOf(CreditGate.Unpaid.class)
                .hasMessageContaining("1 windows ahead of payment");
    }

    @Example
    void a_frame_longer_than_the_credit_is_let_through_when_all_before_it_is_paid() throws Exception {
        var gate = new CreditGate(new Purse(), SERVICE, new Offer(BigInteger.TEN, 1, new byte[0]), Duration.ZERO);
        gate.enter(256);
        assertThatThrownBy(() -> gate.enter(257)).isInstanceOf(CreditGate.Unpaid.class);
    }
}
