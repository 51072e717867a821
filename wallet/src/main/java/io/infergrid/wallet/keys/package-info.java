/**
 * Keys from words: {@link io.infergrid.wallet.keys.Mnemonic} (BIP-39) gives, for each {@link
 * io.infergrid.wallet.keys.KeyRole}, a {@link io.infergrid.wallet.keys.SigningKey} on MetaMask's path. Secrets lie in arrays
 * that {@code close()} wipes and in no {@code toString()}. Whoever needs a signature asks a {@link
 * io.infergrid.wallet.keys.Signer}, so that a key may as well live elsewhere.
 */
@NullMarked
package io.infergrid.wallet.keys;

import org.jspecify.annotations.NullMarked;
