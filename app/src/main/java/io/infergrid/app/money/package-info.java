/**
 * The wallet in the program: {@link io.infergrid.app.money.Purse} (read it first) is one home's vault on one network, with its
 * database ({@link io.infergrid.app.store.WalletDatabase}) and, on the local network, a chain of its own ({@link
 * io.infergrid.app.money.LocalMoney}). What a signature does is in {@code io.infergrid.wallet}.
 */
@NullMarked
package io.infergrid.app.money;

import org.jspecify.annotations.NullMarked;
