package io.infergrid.wallet.chain;

/** What a call would do now, told by {@code eth_call} without sending it. */
public sealed interface DryRun {

    /**
     * It would go through.
     *
     * @param output ABI-encoded result in hex
     */
    record Passes(String output) implements DryRun {}

    /** It would be refused. */
    record Reverts(RevertReason reason) implements DryRun {}
}
