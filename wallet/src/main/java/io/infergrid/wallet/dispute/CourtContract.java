package io.infergrid.wallet.dispute;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.Keccak256;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.chain.AbiCall;
import io.infergrid.wallet.chain.AbiWords;
import io.infergrid.wallet.chain.Action;
import io.infergrid.wallet.chain.ChainClient;
import io.infergrid.wallet.chain.Intent;
import io.infergrid.wallet.keys.Signature;
import java.util.List;

/** {@code DisputeCourt}. Bonds are wrapped coins that the challenger allows beforehand. */
public final class CourtContract {

    private static final byte[] VERDICT_TYPE =
            TypedDomain.type("Verdict(uint256 disputeId,bool guilty,bytes32 evidenceHash)");
    private static final String RECEIPT = "(bytes32,bytes32,bytes32,bytes32,uint32,uint32,uint64)";

    private final ChainClient client;
    private final Address court;
    private final Address params;
    private final TypedDomain domain;

    public CourtContract(ChainClient client) {
        this.client = client;
        this.court = client.network().contract("DisputeCourt").address();
        this.params = client.network().contract("Params").address();
        this.domain = new TypedDomain("InferGrid Court", "1", client.network().chainId(), court);
    }

    /** What receipts and verdicts are signed under. */
    public TypedDomain domain() {
        return domain;
    }

    public long currentEpoch() {
        return client.view(AbiCall.of("currentEpoch()"), court).integer(0);
    }

    /** What a challenger must put up; twice as much for an appeal. */
    public Amount bond() {
        Bytes32 name = client.view(AbiCall.of("CHALLENGE_BOND()"), params).word(0);
        return client.view(AbiCall.of("get(bytes32)").word(name), params).amount(0);
    }

    /** How many cases there are; the newest has this number. */
    public long count() {
        return client.view(AbiCall.of("count()"), court).integer(0);
    }

    public CourtCase read(long id) {
        AbiWords words = client.view(AbiCall.of("get(uint256)").word(id), court);
        int state = (int) Math.min(words.integer(0), CourtCase.State.values().length - 1L);
        return new CourtCase(
                id,
                CourtCase.State.values()[state],
                words.flag(1),
                words.address(6),
                words.address(7),
                words.time(10),
                words.time(11),
                words.time(12),
                words.time(13),
                words.time(14));
    }

    /** Owners on the panel, ascending; empty before it was drawn. */
    public List<Address> panel(long id) {
        return client.view(AbiCall.of("panelOf(uint256)").word(id), court).addresses();
    }

    /**
     * Accuses a worker of one window. The payer of the receipt's channel is refunded from the slash, if the worker is its payee.
     *
     * @param workerSignature its operator's, over {@link WorkReceipt#digest}
     */
    public Intent open(WorkReceipt receipt, Signature workerSignature, long window) {
        AbiCall call = receipt(AbiCall.of("open(" + RECEIPT + ",bytes,uint32)"), receipt)
                .bytes(workerSignature.toBytes())
                .word(window);
        return new Intent(new Action.OpenDispute(Bytes32.of(receipt.digest(domain)), bond()), call.to(court));
    }

    private static AbiCall receipt(AbiCall call, WorkReceipt receipt) {
        return call.word(receipt.job())
                .word(receipt.channel())
                .word(receipt.modelRoot())
                .word(receipt.commitmentRoot())
                .word(receipt.stage())
                .word(receipt.windows())
                .word(receipt.epoch());
    }

    public Intent reveal(long id, Bytes32 commitment, List<Bytes32> proof) {
        return step(
                "reveal",
                id,
                AbiCall.of("reveal(uint256,bytes32,bytes32[])")
                        .word(id)
                        .word(commitment)
                        .words(proof));
    }

    public Intent defaultLoss(long id) {
        return step("defaultLoss", id, AbiCall.of("defaultLoss(uint256)").word(id));
    }

    public Intent drawPanel(long id) {
        return step("drawPanel", id, AbiCall.of("drawPanel(uint256)").word(id));
    }

    /** What a panel member's operator signs. */
    public byte[] verdictDigest(long id, boolean guilty, Bytes32 evidence) {
        return domain.digest(VERDICT_TYPE, TypedDomain.word(id), TypedDomain.word(guilty), evidence.toBytes());
    }

    /**
     * @param signatures of panel members' operators over {@link #verdictDigest}, ascending by owner
     */
    public Intent judge(long id, boolean guilty, Bytes32 evidence, List<Signature> signatures) {
        AbiCall call = AbiCall.of("judge(uint256,bool,bytes32,bytes[])")
                .word(id)
                .word(guilty)
                .word(evidence)
                .byteArrays(signatures.stream().map(Signature::toBytes).toList());
        return step("judge", id, call);
    }

    /** Asks for a larger panel with twice the bond. */
    public Intent appeal(long id) {
        Amount twice = bond().plus(bond());
        return new Intent(
                new Action.CourtStep("appeal", number(id), twice),
                AbiCall.of("appeal(uint256)").word(id).to(court));
    }

    /** What a member commits to before anybody shows a vote; the salt is secret until {@link #revealVote}. */
    public static Bytes32 voteHash(long id, Address member, boolean guilty, Bytes32 salt) {
        return Bytes32.of(Keccak256.hash(
                TypedDomain.word(id), TypedDomain.word(member), TypedDomain.word(guilty), salt.toBytes()));
    }

    public Intent vote(long id, Bytes32 commitment) {
        return step("vote", id, AbiCall.of("vote(uint256,bytes32)").word(id).word(commitment));
    }

    public Intent revealVote(long id, boolean guilty, Bytes32 salt) {
        return step(
                "revealVote",
                id,
                AbiCall.of("revealVote(uint256,bool,bytes32)")
                        .word(id)
                        .word(guilty)
                        .word(salt));
    }

    /** Makes the verdict final once its time is over; anyone may. */
    public Intent finish(long id) {
        return step("finalize", id, AbiCall.of("finalize(uint256)").word(id));
    }

    /** Two verdicts of one validator on one case: proved by themselves, all of its stake is slashed. */
    public Intent proveTwoVerdicts(
            long id, Bytes32 evidenceOfGuilty, Signature guilty, Bytes32 evidenceOfNot, Signature notGuilty) {
        AbiCall call = AbiCall.of("proveTwoVerdicts(uint256,bool,bytes32,bytes,bool,bytes32,bytes)")
                .word(id)
                .word(true)
                .word(evidenceOfGuilty)
                .bytes(guilty.toBytes())
                .word(false)
                .word(evidenceOfNot)
                .bytes(notGuilty.toBytes());
        return step("proveTwoVerdicts", id, call);
    }

    private Intent step(String name, long id, AbiCall call) {
        return new Intent(new Action.CourtStep(name, number(id), Amount.ZERO), call.to(court));
    }

    private static Bytes32 number(long id) {
        return Bytes32.ofNumber(java.math.BigInteger.valueOf(id));
    }
}
