package io.infergrid.wallet.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.GridOnChain;
import io.infergrid.wallet.chain.EventCursor;
import io.infergrid.wallet.chain.LocalChain;
import io.infergrid.wallet.chain.MemoryEvents;
import io.infergrid.wallet.chain.NonceJournal;
import io.infergrid.wallet.keys.SigningKey;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Channels from opening to forced close, on real contracts before and after London. */
class ChannelsOnChainTest {

    private static final Bytes32 ROOT = Bytes32.keccak(new byte[] {7});
    private static final SigningKey PAYER = LocalChain.richAccount(0);
    private static final SigningKey PAYEE = LocalChain.richAccount(1);
    private static final SigningKey SESSION = LocalChain.richAccount(2);

    @ParameterizedTest
    @ValueSource(strings = {"berlin", "prague"})
    void a_payer_who_closes_by_force_is_answered_with_the_newest_voucher(String hardfork) throws IOException {
        try (var grid = new GridOnChain(new LocalChain.Options(hardfork, Duration.ZERO, Optional.empty()))) {
            var contract = new ChannelContract(grid.client);
            var vouchers = new MemoryVouchers();
            var ledger = new ChannelLedger(
                    contract.domain(), PAYEE.address(), Duration.ofHours(24), vouchers, Clock.systemUTC());
            var policy = new RedeemPolicy(Amount.parse("50"), Duration.ofDays(30), Amount.parse("1"));
            var watch = new ChannelWatch(grid.client, contract, ledger, policy, grid.queue(PAYEE), PAYEE);
            var cursor = new EventCursor("channels", grid.client, contract.events(List.of()), new MemoryEvents());

            long nonce = contract.opened(PAYER.address());
            grid.act(
                    PAYER,
                    contract.open(PAYEE.address(), SESSION.address(), Amount.parse("100"), Duration.ofHours(24)));
            Bytes32 channel = contract.id(PAYER.address(), PAYEE.address(), nonce);
            watch.follow(cursor.poll());
            assertThat(ledger.unfitForWork(channel)).isEmpty();

            var payer = new ChannelPayer(contract.domain(), SESSION, new MemoryVouchers(), Clock.systemUTC());
            ChannelState state = contract.read(channel).orElseThrow();
            SignedVoucher first = payer.pay(state, Amount.parse("30"), ROOT);
            assertThat(contract.digestOnChain(first.voucher()).toBytes())
                    .isEqualTo(first.voucher().digest(contract.domain()));
            assertThat(ledger.accept(first, Amount.parse("30"))).isInstanceOf(VoucherVerdict.Accepted.class);
            assertThat(watch.redeemDue()).isEmpty();
            SignedVoucher second = payer.pay(state, Amount.parse("30"), ROOT);
            ledger.accept(second, Amount.ZERO);
            assertThat(watch.redeemDue()).hasSize(1);
            grid.settle(grid.queue(PAYEE));
            watch.follow(cursor.poll());
            assertThat(contract.read(channel).orElseThrow().redeemed()).isEqualTo(Amount.parse("60"));
            assertThat(grid.coin.balance(PAYEE.address())).isEqualTo(Amount.parse("59.4")); // less one per cent

            // a replayed voucher pays nothing
            grid.act(PAYEE, contract.redeem(first));
            assertThat(grid.coin.balance(PAYEE.address())).isEqualTo(Amount.parse("59.4"));

            grid.act(PAYER, contract.topUp(state, Amount.parse("50")));
            watch.follow(cursor.poll());
            assertThat(ledger.headroom(channel)).isEqualTo(Amount.parse("90"));
            SignedVoucher third = payer.pay(contract.read(channel).orElseThrow(), Amount.parse("5"), ROOT);
            ledger.accept(third, Amount.ZERO);
            grid.act(PAYER, contract.startClose(channel));
            watch.follow(cursor.poll());
            assertThat(ledger.unfitForWork(channel).orElseThrow()).contains("closing");
            List<NonceJournal.Entry> answer = watch.redeemDue();
            assertThat(answer).hasSize(1);
            grid.settle(grid.queue(PAYEE));
            watch.follow(cursor.poll());
            assertThat(watch.redeemDue()).isEmpty();
            assertThat(contract.read(channel).orElseThrow().redeemed()).isEqualTo(Amount.parse("65"));

            assertThat(grid.refusal(PAYER, contract.finalizeClose(channel))).startsWith("TooEarly(");
            grid.chain.passTime(Duration.ofHours(24));
            grid.act(PAYER, contract.finalizeClose(channel));
            watch.follow(cursor.poll());
            assertThat(ledger.state(channel).orElseThrow().open()).isFalse();
            assertThat(grid.refusal(PAYEE, contract.redeem(third))).startsWith("ChannelClosed(");
        }
    }

    @org.junit.jupiter.api.Test
    void both_sides_close_at_once_and_what_is_forged_or_too_large_is_refused_in_words() throws IOException {
        try (var grid = new GridOnChain(LocalChain.Options.berlin())) {
            var contract = new ChannelContract(grid.client);
            grid.act(
                    PAYER, contract.open(PAYEE.address(), SESSION.address(), Amount.parse("10"), Duration.ofHours(24)));
            Bytes32 channel = contract.id(PAYER.address(), PAYEE.address(), 0);
            SignedVoucher forged = new Voucher(channel, Amount.parse("9"), ROOT).sign(contract.domain(), PAYEE);
            assertThat(grid.refusal(PAYEE, contract.redeem(forged))).isEqualTo("BadSignature");
            assertThatThrownBy(() -> contract.open(
                            PAYEE.address(), SESSION.address(), Amount.parse("99999999"), Duration.ofHours(24)))
                    .hasMessageContaining("unaudited");
            assertThat(grid.refusal(
                            PAYER,
                            contract.open(
                                    PAYEE.address(), SESSION.address(), Amount.parse("10"), Duration.ofMinutes(5))))
                    .isEqualTo("BadChallenge(300)");

            Instant deadline = grid.client.head().time().plusSeconds(3600);
            byte[] digest = contract.closeDigest(channel, Amount.parse("4"), deadline);
            grid.act(
                    PAYER,
                    contract.cooperativeClose(
                            channel, Amount.parse("4"), deadline, PAYER.sign(digest), PAYEE.sign(digest)));
            ChannelState closed = contract.read(channel).orElseThrow();
            assertThat(closed.open()).isFalse();
            assertThat(closed.redeemed()).isEqualTo(Amount.parse("4"));
        }
    }
}
