package io.infergrid.wallet.stake;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.chain.AbiCall;
import io.infergrid.wallet.chain.AbiWords;
import io.infergrid.wallet.chain.Action;
import io.infergrid.wallet.chain.ChainClient;
import io.infergrid.wallet.chain.Intent;
import io.infergrid.wallet.keys.Signature;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Optional;

/** {@code StakeRegistry}, and its gateway for plain coins. */
public final class StakeContract {

    private static final int TICKETS = 4;
    private static final byte[] OPERATOR_TYPE = TypedDomain.type("Operator(address owner,address operator)");

    private final ChainClient client;
    private final Address registry;
    private final Address gateway;
    private final TypedDomain domain;

    public StakeContract(ChainClient client) {
        this.client = client;
        this.registry = client.network().contract("StakeRegistry").address();
        this.gateway = client.network().contract("NativeGateway").address();
        this.domain = new TypedDomain("InferGrid Stakes", "1", client.network().chainId(), registry);
    }

    public StakeState read(Address owner) {
        AbiWords words = client.view(AbiCall.of("get(address)").word(owner), registry);
        var tickets = new ArrayList<StakeState.Ticket>();
        for (int i = 0; i < TICKETS; i++) {
            if (words.number(9 + 2 * i).signum() != 0) {
                tickets.add(new StakeState.Ticket(i, words.amount(9 + 2 * i), words.time(10 + 2 * i)));
            }
        }
        Optional<Address> operator = words.number(6).signum() == 0 ? Optional.empty() : Optional.of(words.address(6));
        int role = (int) Math.min(words.integer(0), StakeRole.values().length - 1L);
        return new StakeState(
                StakeRole.values()[role],
                (int) Math.min(words.integer(1), Integer.MAX_VALUE),
                words.time(2),
                words.amount(5),
                operator,
                tickets);
    }

    /** How long stake that is asked back stays slashable. */
    public Duration unbonding() {
        return Duration.ofSeconds(
                client.view(AbiCall.of("UNBONDING()"), registry).integer(0));
    }

    /** Whether work of this owner counts: enough active stake in the role, and not denied. */
    public boolean eligible(Address owner, StakeRole role) {
        return client.view(AbiCall.of("eligible(address,uint8)").word(owner).word(role.ordinal()), registry)
                .flag(0);
    }

    /** A validator's weight in panels and quorums at a time. */
    public BigInteger weight(Address validator, Instant time) {
        return client.view(
                        AbiCall.of("weightAt(address,uint64)").word(validator).word(time.getEpochSecond()), registry)
                .number(0);
    }

    /** Stakes plain coins. */
    public Intent stake(StakeRole role, Amount amount) {
        return new Intent(
                new Action.Stake(role.name(), amount),
                AbiCall.of("stakeNative(uint8)").word(role.ordinal()).to(gateway, amount));
    }

    /** What an operator's key signs to become this owner's; without it anyone could take another's key for his own. */
    public byte[] operatorDigest(Address owner, Address operator) {
        return domain.digest(OPERATOR_TYPE, TypedDomain.word(owner), TypedDomain.word(operator));
    }

    /**
     * @param consent the operator's, over {@link #operatorDigest}
     */
    public Intent setOperator(Address operator, Signature consent) {
        return new Intent(
                new Action.SetOperator(operator),
                AbiCall.of("setOperator(address,bytes)")
                        .word(operator)
                        .bytes(consent.toBytes())
                        .to(registry));
    }

    public Intent requestUnbond(Amount amount) {
        return new Intent(
                new Action.RequestUnbond(amount, unbonding()),
                AbiCall.of("requestUnbond(uint128)").word(amount).to(registry));
    }

    public Intent cancelUnbond(StakeState.Ticket ticket) {
        return new Intent(
                new Action.CancelUnbond(ticket.number()),
                AbiCall.of("cancelUnbond(uint256)").word(ticket.number()).to(registry));
    }

    /** Takes a released ticket home, as wrapped coins. */
    public Intent withdraw(StakeState.Ticket ticket) {
        return new Intent(
                new Action.WithdrawStake(ticket.number(), ticket.amount()),
                AbiCall.of("withdraw(uint256)").word(ticket.number()).to(registry));
    }
}
