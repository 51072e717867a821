/**
 * Money of the grid: {@link io.infergrid.wallet.Amount} is an exact sum of BTT, {@link io.infergrid.wallet.Address} an account
 * with its checksum held. Keys lie in {@code keys} and {@code vault}, the chain in {@code chain}; channels, stakes, disputes and
 * rewards build on these. This module knows no network of ours and no model, and has no user interface; what must be kept goes
 * through small interfaces that the program implements.
 */
@NullMarked
package io.infergrid.wallet;

import org.jspecify.annotations.NullMarked;
