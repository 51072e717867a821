package io.infergrid.grid.payment;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.Hash;
import io.infergrid.libp2p.PeerId;
import java.math.BigInteger;
import java.util.Optional;

/**
 * The seam through which the grid is paid and pays. All methods may be called by several threads at once, on threads that may wait for a
 * disk, never on the way of a token. An implementer must have stored what it returns or accepts before it returns: after a crash at any
 * instruction no voucher that was given out is forgotten, and none that was accepted is lost.
 */
public interface Payments {

    /** Longest voucher. */
    int MOST_VOUCHER_BYTES = 2048;

    /**
     * A session on one stage, from either side.
     *
     * @param session hex of 16 bytes
     * @param gateway who pays
     * @param worker who is paid
     * @param standby whether the worker began as a standby; it computes the same and is paid the same way
     */
    record Service(String session, Hash model, BlockRange blocks, PeerId gateway, PeerId worker, boolean standby) {}

    /**
     * What is owed, and for what.
     *
     * @param windows that are paid for, all of the session so far
     * @param amount for all of them together: vouchers are cumulative
     * @param committed windows that the worker has committed to
     * @param commitmentRoot the RFC 6962 Merkle root of the worker's commitments to these, in their order
     */
    record Due(int windows, BigInteger amount, int committed, Hash commitmentRoot) {}

    // ---- worker's side

    /** What this rig wants for a session; empty if it works for nothing. */
    Optional<Offer> offer(Service service);

    /** A voucher came. */
    Verdict received(Service service, Offer offer, Due due, byte[] voucher);

    /** What a worker says to a voucher. */
    sealed interface Verdict {

        /** It is good, and stored. */
        record Stored() implements Verdict {}

        /** It is not, and why. */
        record Rejected(String why) implements Verdict {}
    }

    // ---- gateway's side

    /** Whether this gateway pays what a stage offers; if not, why. Called when the session opens, before it computes anything. */
    Optional<String> objection(Service service, Offer offer);

    /** Pays for windows whose commitments agreed; the voucher, or empty if it cannot (no channel, no funds, ...). */
    Optional<byte[]> pay(Service service, Offer offer, Due due);

    /** Nobody wants money and nobody pays. */
    static Payments none() {
        return new Payments() {
            @Override
            public Optional<Offer> offer(Service service) {
                return Optional.empty();
            }

            @Override
            public Verdict received(Service service, Offer offer, Due due, byte[] voucher) {
                return new Verdict.Rejected("this rig works for nothing");
            }

            @Override
            public Optional<String> objection(Service service, Offer offer) {
                return offer.pricePer1000().signum() == 0
                        ? Optional.empty()
                        : Optional.of("this gateway pays nothing, and the stage wants " + offer.pricePer1000()
                                + " for 1000 tokens; open a wallet, or use rigs that work for nothing");
            }

            @Override
            public Optional<byte[]> pay(Service service, Offer offer, Due due) {
                return Optional.empty();
            }
        };
    }
}
