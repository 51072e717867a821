package io.infergrid.wallet.dispute;

import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.Keccak256;
import io.infergrid.wallet.TypedDomain;

/**
 * What a worker did in a session's stage, under one root.
 *
 * @param commitmentRoot Merkle root over {@link #leaf} of each window's commitment
 * @param windows how many
 * @param epoch in which it was signed; a dispute must follow within days
 */
public record WorkReceipt(
        Bytes32 job, Bytes32 channel, Bytes32 modelRoot, Bytes32 commitmentRoot, long stage, long windows, long epoch) {

    private static final byte[] TYPE = TypedDomain.type("WorkReceipt(bytes32 jobId,bytes32 channelId,bytes32 modelRoot,"
            + "bytes32 commitmentRoot,uint32 stage,uint32 windows,uint64 epoch)");

    /** What the worker's operator signs. */
    public byte[] digest(TypedDomain court) {
        return court.digest(
                TYPE,
                job.toBytes(),
                channel.toBytes(),
                modelRoot.toBytes(),
                commitmentRoot.toBytes(),
                TypedDomain.word(stage),
                TypedDomain.word(windows),
                TypedDomain.word(epoch));
    }

    /** A window's leaf: hashed twice, with its number. */
    public static Bytes32 leaf(Bytes32 commitment, long window) {
        return Bytes32.keccak(Keccak256.hash(commitment.toBytes(), TypedDomain.word(window)));
    }
}
