/**
 * What the grid needs of money, and no more: {@link io.infergrid.grid.payment.Payments} is implemented by whoever has a wallet. A stage
 * offers a price when a session opens ({@link io.infergrid.grid.payment.Offer}), the gateway pays for each window once its commitments agree
 * ({@link io.infergrid.grid.payment.Cashier}), and the stage serves no further ahead than its credit
 * ({@link io.infergrid.grid.payment.CreditGate}). Vouchers are opaque bytes here; nothing knows a chain.
 */
@NullMarked
package io.infergrid.grid.payment;

import org.jspecify.annotations.NullMarked;
