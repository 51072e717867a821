package io.infergrid.wallet.chain;

import io.infergrid.wallet.Bytes32;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Optional;

/**
 * A block's header, of what is needed here.
 *
 * @param baseFee present where the chain knows EIP-1559
 */
public record Head(long number, Bytes32 hash, Instant time, Optional<BigInteger> baseFee) {}
