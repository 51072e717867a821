/**
 * Stake of workers and validators and the binding of a card to its owner: {@link io.infergrid.wallet.stake.StakeContract} and
 * {@link io.infergrid.wallet.stake.HardwareContract} make intents for what a person wants and read what the chain shows.
 */
@NullMarked
package io.infergrid.wallet.stake;

import org.jspecify.annotations.NullMarked;
