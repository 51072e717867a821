package io.infergrid.wallet.channel;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.chain.AbiCall;
import io.infergrid.wallet.chain.AbiWords;
import io.infergrid.wallet.chain.Action;
import io.infergrid.wallet.chain.ChainClient;
import io.infergrid.wallet.chain.EventFilter;
import io.infergrid.wallet.chain.Intent;
import io.infergrid.wallet.keys.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** {@code PaymentChannels} and its gateway for plain coins. Makes intents, signs nothing; reads what the chain shows. */
public final class ChannelContract {

    private static final String CLOSE_TYPE = "CooperativeClose(bytes32 channelId,uint128 cumulative,uint64 deadline)";

    private final ChainClient client;
    private final Address channels;
    private final Address gateway;
    private final TypedDomain domain;

    public ChannelContract(ChainClient client) {
        this.client = client;
        this.channels = client.network().contract("PaymentChannels").address();
        this.gateway = client.network().contract("NativeGateway").address();
        this.domain =
                new TypedDomain("InferGrid Channels", "1", client.network().chainId(), channels);
    }

    /** What vouchers are signed under. */
    public TypedDomain domain() {
        return domain;
    }

    /** The digest as the contract computes it, to hold ours against. */
    public Bytes32 digestOnChain(Voucher voucher) {
        AbiCall call = AbiCall.of("voucherHash(bytes32,uint128,bytes32)")
                .word(voucher.channel())
                .word(voucher.cumulative())
                .word(voucher.receiptRoot());
        return client.view(call, channels).word(0);
    }

    /** How many channels a payer opened so far: the nonce of the next one. */
    public long opened(Address payer) {
        return client.view(AbiCall.of("opened(address)").word(payer), channels).integer(0);
    }

    /** The id that a channel has or will have. */
    public Bytes32 id(Address payer, Address payee, long nonce) {
        return Bytes32.keccak(
                TypedDomain.word(client.network().chainId()),
                TypedDomain.word(channels),
                TypedDomain.word(payer),
                TypedDomain.word(payee),
                TypedDomain.word(nonce));
    }

    /** What the chain shows of a channel now; empty if there is none. */
    public Optional<ChannelState> read(Bytes32 id) {
        AbiWords words = client.view(AbiCall.of("get(bytes32)").word(id), channels);
        if (words.number(0).signum() == 0) {
            return Optional.empty();
        }
        boolean closing = words.number(4).signum() != 0;
        return Optional.of(new ChannelState(
                id,
                words.address(0),
                words.address(3),
                words.address(6),
                words.amount(9),
                words.amount(10),
                Duration.ofSeconds(words.integer(1)),
                closing ? Optional.of(words.time(4)) : Optional.<Instant>empty(),
                !words.flag(5)));
    }

    /**
     * Opens a channel with plain coins.
     *
     * @throws IllegalArgumentException if the deposit is above this network's cap
     */
    public Intent open(Address payee, Address signer, Amount deposit, Duration challenge) {
        requireWithinCap(deposit);
        return new Intent(
                new Action.OpenChannel(payee, signer, deposit),
                AbiCall.of("openNative(address,address,uint64)")
                        .word(payee)
                        .word(signer)
                        .word(challenge.toSeconds())
                        .to(gateway, deposit));
    }

    public Intent topUp(ChannelState state, Amount amount) {
        requireWithinCap(state.deposit().plus(amount));
        return new Intent(
                new Action.TopUpChannel(state.id(), amount),
                AbiCall.of("topUpNative(bytes32)").word(state.id()).to(gateway, amount));
    }

    private void requireWithinCap(Amount deposit) {
        Amount cap = client.network().depositCap();
        if (deposit.compareTo(cap) > 0) {
            throw new IllegalArgumentException("expected a deposit of at most " + cap + " "
                    + client.network().currency() + " (the contracts are unaudited), found " + deposit);
        }
    }

    /** Collects a voucher; pays the payee whoever sends it. */
    public Intent redeem(SignedVoucher signed) {
        Voucher voucher = signed.voucher();
        return new Intent(
                new Action.Redeem(voucher.channel(), voucher.cumulative()),
                AbiCall.of("redeem(bytes32,uint128,bytes32,bytes)")
                        .word(voucher.channel())
                        .word(voucher.cumulative())
                        .word(voucher.receiptRoot())
                        .bytes(signed.signature().toBytes())
                        .to(channels));
    }

    public Intent startClose(Bytes32 id) {
        return new Intent(
                new Action.StartClose(id),
                AbiCall.of("startClose(bytes32)").word(id).to(channels));
    }

    public Intent finalizeClose(Bytes32 id) {
        return new Intent(
                new Action.FinalizeClose(id),
                AbiCall.of("finalizeClose(bytes32)").word(id).to(channels));
    }

    public Intent payeeClose(Bytes32 id) {
        return new Intent(
                new Action.PayeeClose(id),
                AbiCall.of("payeeClose(bytes32)").word(id).to(channels));
    }

    /** What both sides sign to close at once. */
    public byte[] closeDigest(Bytes32 id, Amount cumulative, Instant deadline) {
        return domain.digest(
                TypedDomain.type(CLOSE_TYPE),
                id.toBytes(),
                TypedDomain.word(cumulative.wei()),
                TypedDomain.word(deadline.getEpochSecond()));
    }

    public Intent cooperativeClose(Bytes32 id, Amount cumulative, Instant deadline, Signature payer, Signature payee) {
        return new Intent(
                new Action.CooperativeClose(id, cumulative),
                AbiCall.of("cooperativeClose(bytes32,uint128,uint64,bytes,bytes)")
                        .word(id)
                        .word(cumulative)
                        .word(deadline.getEpochSecond())
                        .bytes(payer.toBytes())
                        .bytes(payee.toBytes())
                        .to(channels));
    }

    /** Events of certain channels, or of all for an empty list. The second topic of each is the channel. */
    public EventFilter events(List<Bytes32> ids) {
        return new EventFilter(List.of(channels), ids.isEmpty() ? List.of() : List.of(List.of(), ids));
    }
}
