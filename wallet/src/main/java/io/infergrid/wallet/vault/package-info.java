/**
 * Where the words rest: {@link io.infergrid.wallet.vault.Vault} keeps them under a password in one owner-only file ({@link
 * io.infergrid.wallet.vault.VaultFile}), hands out signers per role, locks the owner's key when idle and slows guesses down.
 * The operator's and the session's key go on working while the owner's is locked.
 */
@NullMarked
package io.infergrid.wallet.vault;

import org.jspecify.annotations.NullMarked;
