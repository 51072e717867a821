/**
 * The chain, never believed at its first word. A {@link io.infergrid.wallet.chain.Network} comes from signed configuration;
 * {@link io.infergrid.wallet.chain.ChainClient} reads it through endpoints that are compared with each other, previews an
 * {@link io.infergrid.wallet.chain.Action} by a dry run before anybody signs, and hands transactions to the {@link
 * io.infergrid.wallet.chain.TransactionQueue}, which survives a crash at any instruction. {@link
 * io.infergrid.wallet.chain.EventCursor} follows events through reorganisations. What must be kept goes through small
 * interfaces ({@link io.infergrid.wallet.chain.NonceJournal}, {@link io.infergrid.wallet.chain.EventCursorStore}).
 */
@NullMarked
package io.infergrid.wallet.chain;

import org.jspecify.annotations.NullMarked;
