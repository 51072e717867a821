/**
 * From a differing byte to a slash: {@link io.infergrid.wallet.dispute.WorkReceipt} is what a worker's operator signs for a session,
 * {@link io.infergrid.wallet.dispute.CourtContract} opens a case over one window of it, brings reveal, verdicts, appeal and votes to
 * the chain, and reads how it stands.
 */
@NullMarked
package io.infergrid.wallet.dispute;

import org.jspecify.annotations.NullMarked;
