package io.infergrid.libp2p.autonat;

import java.time.Duration;

/**
 * What an AutoNAT server does for others.
 *
 * @param perMinute requests in all
 * @param perPeerPerMinute and from one peer
 * @param dataPerMinute requests that cost the asker bytes, in all
 * @param minDataBytes fewest bytes to ask for before an address is dialled that is not the asker's
 * @param maxDataBytes and most; a client sends no more than twice that
 * @param dial to reach the address
 * @param timeout for a request as a whole
 * @param privateAddresses whether to dial private and loopback addresses, for tests
 */
public record AutonatLimits(
        int perMinute,
        int perPeerPerMinute,
        int dataPerMinute,
        int minDataBytes,
        int maxDataBytes,
        Duration dial,
        Duration timeout,
        boolean privateAddresses) {

    public static final AutonatLimits DEFAULT =
            new AutonatLimits(60, 12, 12, 30_000, 100_000, Duration.ofSeconds(10), Duration.ofSeconds(30), false);

    public AutonatLimits withPrivateAddresses() {
        return new AutonatLimits(
                perMinute, perPeerPerMinute, dataPerMinute, minDataBytes, maxDataBytes, dial, timeout, true);
    }

    public AutonatLimits withRates(int all, int perPeer, int data) {
        return new AutonatLimits(all, perPeer, data, minDataBytes, maxDataBytes, dial, timeout, privateAddresses);
    }
}
