package io.infergrid.wallet.stake;

/** What stake is for, by the contract's numbers. One owner has one role. */
public enum StakeRole {
    NONE,
    WORKER,
    VALIDATOR
}
