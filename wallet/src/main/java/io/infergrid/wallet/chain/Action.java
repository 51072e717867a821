package io.infergrid.wallet.chain;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import java.time.Duration;
import java.util.List;

/** What a person or the program means to do on the chain; the window words it, and the journal keeps its {@link #name()}. */
public sealed interface Action {

    /** Plain coins to an account. */
    record Send(Address to, Amount amount) implements Action {}

    /** Stake as worker or validator; a confirmed fault can take it. */
    record Stake(String role, Amount amount) implements Action {}

    /** Asks for stake back; it stays slashable until it is released. */
    record RequestUnbond(Amount amount, Duration unbonding) implements Action {}

    /** Puts stake that was asked back to work. */
    record CancelUnbond(int ticket) implements Action {}

    /** Takes released stake home. */
    record WithdrawStake(int ticket, Amount amount) implements Action {}

    /** Binds this rig's hardware signature to its operator. */
    record BindHardware(Bytes32 hardware) implements Action {}

    /** Names the key that signs commitments and verdicts. */
    record SetOperator(Address operator) implements Action {}

    /** Locks a deposit for one payee; vouchers signed by {@code signer} can take all of it. */
    record OpenChannel(Address payee, Address signer, Amount deposit) implements Action {}

    record TopUpChannel(Bytes32 channel, Amount amount) implements Action {}

    /** Collects what a voucher promises. */
    record Redeem(Bytes32 channel, Amount cumulative) implements Action {}

    /** Begins a forced close: the payee has the challenge period to redeem. */
    record StartClose(Bytes32 channel) implements Action {}

    record FinalizeClose(Bytes32 channel) implements Action {}

    record CooperativeClose(Bytes32 channel, Amount cumulative) implements Action {}

    /** The payee gives up a channel; what was not redeemed returns to the payer. */
    record PayeeClose(Bytes32 channel) implements Action {}

    /** Takes epoch rewards. */
    record ClaimReward(Amount cumulative) implements Action {}

    /** Accuses with a bond, which is lost if the panel finds no fault. */
    record OpenDispute(Bytes32 subject, Amount bond) implements Action {}

    /** Any other step of a dispute or of an epoch, with its name in the contract. */
    record CourtStep(String step, Bytes32 dispute, Amount bond) implements Action {}

    record ProposeReward(long epoch, Bytes32 root) implements Action {}

    /** Administration of a local chain or a deployment. */
    record Administer(String what, List<String> arguments) implements Action {}

    /** What could be lost through this action itself, beyond the fee and in the worst case. */
    default Amount atRisk() {
        return switch (this) {
            case Send send -> send.amount();
            case Stake stake -> stake.amount();
            case OpenChannel open -> open.deposit();
            case TopUpChannel top -> top.amount();
            case OpenDispute dispute -> dispute.bond();
            case CourtStep step -> step.bond();
            default -> Amount.ZERO;
        };
    }

    /** A short stable name for journals and logs, e.g. {@code Stake}. */
    default String name() {
        return getClass().getSimpleName();
    }
}
