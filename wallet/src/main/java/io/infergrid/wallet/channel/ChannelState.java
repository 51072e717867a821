package io.infergrid.wallet.channel;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A channel as the chain shows it.
 *
 * @param signer whose vouchers count
 * @param deposit all that was ever put in
 * @param redeemed what the payee took
 * @param challenge how long a forced close takes
 * @param closesAt when a forced close that was begun may be finished
 * @param open false once it was closed: nothing can be redeemed any more
 */
public record ChannelState(
        Bytes32 id,
        Address payer,
        Address payee,
        Address signer,
        Amount deposit,
        Amount redeemed,
        Duration challenge,
        Optional<Instant> closesAt,
        boolean open) {}
