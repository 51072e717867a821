/**
 * Pay per window: a payer's {@link io.infergrid.wallet.channel.ChannelPayer} signs cumulative {@link
 * io.infergrid.wallet.channel.Voucher}s, a payee's {@link io.infergrid.wallet.channel.ChannelLedger} takes only those that the
 * deposit covers and says when to redeem. Both keep a voucher durably before it counts ({@link
 * io.infergrid.wallet.channel.VoucherStore}).
 */
@NullMarked
package io.infergrid.wallet.channel;

import org.jspecify.annotations.NullMarked;
