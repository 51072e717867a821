/**
 * Money of the grid, so far its nouns: {@link io.infergrid.wallet.Amount} is an exact sum of BTT, {@link
 * io.infergrid.wallet.Address} an account on the chain with its checksum held. Keys, chain client, channels and staking
 * build on these. This module knows no network of ours and no model, and has no user interface.
 */
@NullMarked
package io.infergrid.wallet;

import org.jspecify.annotations.NullMarked;
