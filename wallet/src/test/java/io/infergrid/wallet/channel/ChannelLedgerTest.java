package io.infergrid.wallet.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.channel.VoucherVerdict.Reason;
import io.infergrid.wallet.keys.Signature;
import io.infergrid.wallet.keys.SigningKey;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.web3j.crypto.StructuredDataEncoder;

class ChannelLedgerTest {

    private static final Address CONTRACT = new Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
    private static final TypedDomain DOMAIN = new TypedDomain("InferGrid Channels", "1", 31337, CONTRACT);
    private static final SigningKey PAYER = key("11");
    private static final SigningKey PAYEE = key("22");
    private static final SigningKey SESSION = key("33");
    private static final Bytes32 CHANNEL = Bytes32.keccak(new byte[] {1});
    private static final Bytes32 ROOT = Bytes32.keccak(new byte[] {2});
    private static final Instant NOON = Instant.parse("2026-12-01T12:00:00Z");
    private static final Amount ONE = Amount.parse("1");

    private final MemoryVouchers store = new MemoryVouchers();
    private final ChannelLedger ledger = ledger(NOON);

    private static SigningKey key(String octet) {
        return SigningKey.of(HexFormat.of().parseHex(octet.repeat(32)));
    }

    private ChannelLedger ledger(Instant now) {
        return new ChannelLedger(
                DOMAIN, PAYEE.address(), Duration.ofHours(24), store, Clock.fixed(now, ZoneOffset.UTC));
    }

    private static ChannelState channel(String deposit, String redeemed, Optional<Instant> closesAt) {
        return new ChannelState(
                CHANNEL,
                PAYER.address(),
                PAYEE.address(),
                SESSION.address(),
                Amount.parse(deposit),
                Amount.parse(redeemed),
                Duration.ofHours(24),
                closesAt,
                true);
    }

    private static SignedVoucher voucher(String cumulative) {
        return new Voucher(CHANNEL, Amount.parse(cumulative), ROOT).sign(DOMAIN, SESSION);
    }

    private Reason reason(SignedVoucher voucher) {
        return ((VoucherVerdict.Refused) ledger.accept(voucher, ONE)).reason();
    }

    @Test
    void a_voucher_counts_once_and_is_kept_before_it_counts() {
        ledger.update(channel("10", "0", Optional.empty()));
        assertThat(ledger.accept(voucher("3"), ONE))
                .isEqualTo(new VoucherVerdict.Accepted(Amount.parse("3"), Amount.parse("7")));
        assertThat(store.newest(CHANNEL).orElseThrow().voucher()).isEqualTo(voucher("3"));
        assertThat(reason(voucher("3"))).isEqualTo(Reason.NOT_HIGHER);
        assertThat(reason(voucher("2"))).isEqualTo(Reason.NOT_HIGHER);
        assertThat(reason(voucher("3.5"))).isEqualTo(Reason.TOO_LITTLE);
        assertThat(ledger.headroom(CHANNEL)).isEqualTo(Amount.parse("7"));
        assertThat(ledger.unredeemed()).isEqualTo(Amount.parse("3"));
    }

    @Test
    void above_deposit_unknown_channel_and_wrong_signer_are_refused() {
        assertThat(reason(voucher("3"))).isEqualTo(Reason.UNKNOWN_CHANNEL);
        ledger.update(channel("10", "0", Optional.empty()));
        assertThat(reason(voucher("11"))).isEqualTo(Reason.ABOVE_DEPOSIT);
        SignedVoucher byPayer = new Voucher(CHANNEL, ONE, ROOT).sign(DOMAIN, PAYER);
        assertThat(reason(byPayer)).isEqualTo(Reason.WRONG_SIGNER);
        assertThat(store.all()).isEmpty();
    }

    @Test
    void a_signature_for_another_chain_contract_or_channel_is_worthless_here() {
        ledger.update(channel("10", "0", Optional.empty()));
        Voucher voucher = new Voucher(CHANNEL, ONE, ROOT);
        for (TypedDomain other : new TypedDomain[] {
            new TypedDomain("InferGrid Channels", "1", 199, CONTRACT),
            new TypedDomain("InferGrid Channels", "1", 31337, PAYEE.address()),
            new TypedDomain("InferGrid Channels", "2", 31337, CONTRACT),
            new TypedDomain("Other", "1", 31337, CONTRACT)
        }) {
            assertThat(reason(voucher.sign(other, SESSION))).isEqualTo(Reason.WRONG_SIGNER);
        }
        Signature ofOther = new Voucher(ROOT, ONE, ROOT).sign(DOMAIN, SESSION).signature();
        assertThat(reason(new SignedVoucher(voucher, ofOther))).isEqualTo(Reason.WRONG_SIGNER);
    }

    @Test
    void a_malleated_voucher_cannot_even_be_read() {
        byte[] bytes = voucher("3").toBytes();
        BigInteger order = new BigInteger("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);
        Bytes32 twin = Bytes32.ofNumber(order.subtract(voucher("3").signature().s()));
        System.arraycopy(twin.toBytes(), 0, bytes, 80 + 32, 32);
        bytes[bytes.length - 1] ^= 27 ^ 28;
        assertThatThrownBy(() -> SignedVoucher.parse(bytes)).hasMessageContaining("malleated");
    }

    @Property(tries = 300)
    void any_bytes_are_refused_or_a_voucher_of_somebody_else(@ForAll @Size(SignedVoucher.BYTES) byte[] bytes) {
        ledger.update(channel("10", "0", Optional.empty()));
        System.arraycopy(CHANNEL.toBytes(), 0, bytes, 0, 32);
        try {
            SignedVoucher parsed = SignedVoucher.parse(bytes);
            assertThat(ledger.accept(parsed, Amount.ZERO)).isInstanceOf(VoucherVerdict.Refused.class);
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageContaining("expected");
        }
    }

    @Property(tries = 100)
    void the_wire_form_is_read_back(@ForAll @Size(16) byte[] cumulative, @ForAll @Size(32) byte[] root) {
        var voucher =
                new Voucher(CHANNEL, new Amount(new BigInteger(1, cumulative)), Bytes32.of(root)).sign(DOMAIN, SESSION);
        assertThat(SignedVoucher.parse(voucher.toBytes())).isEqualTo(voucher);
        assertThat(voucher.signer(DOMAIN)).isEqualTo(SESSION.address());
    }

    @Property(tries = 40)
    void the_digest_is_what_web3j_makes_of_the_same_typed_data(
            @ForAll @Size(16) byte[] cumulative, @ForAll @Size(32) byte[] root, @ForAll @Size(32) byte[] id)
            throws Exception {
        var voucher = new Voucher(Bytes32.of(id), new Amount(new BigInteger(1, cumulative)), Bytes32.of(root));
        String json =
                """
                {"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},
                {"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],
                "Voucher":[{"name":"channelId","type":"bytes32"},{"name":"cumulative","type":"uint128"},
                {"name":"receiptRoot","type":"bytes32"}]},"primaryType":"Voucher",
                "domain":{"name":"InferGrid Channels","version":"1","chainId":31337,"verifyingContract":"%s"},
                "message":{"channelId":"%s","cumulative":"%s","receiptRoot":"%s"}}
                """.formatted(CONTRACT, voucher.channel(), voucher.cumulative().wei(), voucher.receiptRoot());
        assertThat(voucher.digest(DOMAIN)).isEqualTo(new StructuredDataEncoder(json).hashStructuredData());
    }

    @Test
    void a_closing_channel_takes_no_work_and_its_voucher_is_due_at_once() {
        ledger.update(channel("10", "0", Optional.empty()));
        ledger.accept(voucher("0.5"), Amount.ZERO);
        var policy = new RedeemPolicy(Amount.parse("5"), Duration.ofDays(1), ONE);
        assertThat(ledger.due(policy)).isEmpty();
        ledger.update(channel("10", "0", Optional.of(NOON.plusSeconds(3600))));
        assertThat(ledger.unfitForWork(CHANNEL)).isPresent();
        assertThat(reason(voucher("2"))).isEqualTo(Reason.CLOSING);
        assertThat(ledger.due(policy)).singleElement().satisfies(due -> {
            assertThat(due.reason()).isEqualTo(RedeemPolicy.Reason.CLOSING);
            assertThat(due.before()).contains(NOON.plusSeconds(3600));
            assertThat(due.gain()).isEqualTo(Amount.parse("0.5"));
        });
    }

    @Test
    void vouchers_are_redeemed_by_amount_by_age_and_when_the_deposit_runs_out() {
        var policy = new RedeemPolicy(Amount.parse("5"), Duration.ofDays(1), ONE);
        ledger.update(channel("100", "0", Optional.empty()));
        ledger.accept(voucher("4"), ONE);
        assertThat(ledger.due(policy)).isEmpty();
        ChannelLedger nextDay = ledger(NOON.plus(Duration.ofDays(1)));
        nextDay.update(channel("100", "0", Optional.empty()));
        assertThat(nextDay.due(policy))
                .singleElement()
                .extracting(RedeemPolicy.Due::reason)
                .isEqualTo(RedeemPolicy.Reason.AGE);
        ledger.accept(voucher("6"), ONE);
        assertThat(ledger.due(policy))
                .singleElement()
                .extracting(RedeemPolicy.Due::reason)
                .isEqualTo(RedeemPolicy.Reason.AMOUNT);
        ledger.update(channel("100", "6", Optional.empty()));
        assertThat(ledger.due(policy)).isEmpty();
        ledger.update(channel("10", "6", Optional.empty()));
        ledger.accept(voucher("9.9"), ONE);
        assertThat(ledger.due(policy))
                .singleElement()
                .extracting(RedeemPolicy.Due::reason)
                .isEqualTo(RedeemPolicy.Reason.NEARLY_SPENT);
    }

    @Test
    void a_channel_that_can_be_closed_too_fast_is_not_worked_for() {
        ChannelState state = channel("10", "0", Optional.empty());
        ledger.update(new ChannelState(
                CHANNEL,
                state.payer(),
                state.payee(),
                state.signer(),
                state.deposit(),
                state.redeemed(),
                Duration.ofHours(1),
                Optional.empty(),
                true));
        assertThat(ledger.unfitForWork(CHANNEL).orElseThrow()).contains("expected PT24H");
    }

    @Property(tries = 60)
    void whatever_is_paid_the_payee_never_holds_more_than_the_deposit_nor_less_than_before(@ForAll long seed) {
        var random = new Random(seed);
        var given = new MemoryVouchers();
        var taken = new MemoryVouchers();
        ChannelState state = channel("10", "0", Optional.empty());
        Amount highest = Amount.ZERO;
        for (int window = 0; window < 40; window++) {
            // either side may restart between any two windows: only the stores stay
            var payer = new ChannelPayer(DOMAIN, SESSION, given, Clock.fixed(NOON, ZoneOffset.UTC));
            var payee = new ChannelLedger(
                    DOMAIN, PAYEE.address(), Duration.ofHours(1), taken, Clock.fixed(NOON, ZoneOffset.UTC));
            payee.update(state);
            Amount price = Amount.ofWei(random.nextLong(1L << 59));
            try {
                SignedVoucher voucher = payer.pay(state, price, ROOT);
                if (random.nextInt(4) > 0) {
                    assertThat(payee.accept(voucher, price)).isInstanceOf(VoucherVerdict.Accepted.class);
                }
            } catch (IllegalStateException usedUp) {
                assertThat(payer.promised(CHANNEL).plus(price)).isGreaterThan(state.deposit());
            }
            Amount held = taken.newest(CHANNEL)
                    .map(kept -> kept.voucher().voucher().cumulative())
                    .orElse(Amount.ZERO);
            assertThat(held).isBetween(highest, state.deposit());
            highest = held;
        }
    }

    @Test
    void a_payer_never_promises_more_than_the_deposit_nor_for_another_signer() {
        var payer = new ChannelPayer(DOMAIN, SESSION, store, Clock.systemUTC());
        ChannelState state = channel("2", "0", Optional.empty());
        payer.pay(state, ONE, ROOT);
        payer.pay(state, ONE, ROOT);
        assertThatThrownBy(() -> payer.pay(state, Amount.ofWei(1), ROOT)).hasMessageContaining("top the channel up");
        var wrong = new ChannelPayer(DOMAIN, PAYER, store, Clock.systemUTC());
        assertThatThrownBy(() -> wrong.pay(state, ONE, ROOT)).hasMessageContaining("expected a channel whose signer");
    }
}
