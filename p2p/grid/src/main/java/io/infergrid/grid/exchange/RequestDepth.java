package io.infergrid.grid.exchange;

/**
 * How many pieces to have under way at one source: as many as are in flight in one round trip at the rate that it sends, twice over so
 * that a source that could send faster shows it, and two more so that its disk is never idle. Pure.
 */
final class RequestDepth {

    static final int LEAST = 2;
    static final int MOST = 64;

    private RequestDepth() {}

    /**
     * @param bytesPerSecond that the source sends now, 0 before the first
     * @param roundTripNanos shortest time from a question to the first byte of its answer, 0 if not measured
     */
    static int of(long bytesPerSecond, long roundTripNanos, int pieceBytes) {
        double inFlight = bytesPerSecond * (roundTripNanos / 1e9) / pieceBytes;
        return (int) Math.clamp(Math.ceil(2 * inFlight) + 2, LEAST, MOST);
    }
}
