package io.infergrid.compute.vulkan;

/**
 * How kernels are cut for a device. Speed depends on it, bits do not.
 *
 * @param rowsPerInvocation 1 or 4 rows of a matrix that one invocation computes
 * @param invocationsWanted invocations that fill the device; rows of small matrices are split among several until there
 *     are as many
 * @param mostSplit most invocations that share a row, a power of two of at most 32
 * @param wideCache true to keep keys and values as binary32, which a processor reads faster; false for halves
 * @param tokensPerStep tokens of a step, of one session or of several; at most 32
 * @param mostWork multiply-adds of a submission at most, if {@link Pace} does not say fewer
 * @param integerDots true for the kernels that multiply four int8 in one instruction; they compute one row an invocation
 * @param tiles how steps of several tokens are computed; in tiles with one row an invocation only
 */
public record Tuning(
        int rowsPerInvocation,
        int invocationsWanted,
        int mostSplit,
        boolean wideCache,
        int tokensPerStep,
        long mostWork,
        boolean integerDots,
        MatrixTiles tiles) {

    public Tuning {
        if (rowsPerInvocation != 1 && rowsPerInvocation != 4) {
            throw new IllegalArgumentException("expected 1 or 4 rows an invocation, found " + rowsPerInvocation);
        }
        if (integerDots && rowsPerInvocation != 1) {
            throw new IllegalArgumentException(
                    "expected 1 row an invocation with integer dot products, found " + rowsPerInvocation);
        }
        if (tiles != MatrixTiles.NONE && rowsPerInvocation != 1) {
            throw new IllegalArgumentException("expected 1 row an invocation with tiles, found " + rowsPerInvocation);
        }
        if (Integer.bitCount(mostSplit) != 1 || mostSplit > 32) {
            throw new IllegalArgumentException("expected a split of 1, 2, 4, 8, 16 or 32, found " + mostSplit);
        }
        if (tokensPerStep < 1 || tokensPerStep > StepParameters.MOST_TOKENS) {
            throw new IllegalArgumentException(
                    "expected 1 to " + StepParameters.MOST_TOKENS + " tokens a step, found " + tokensPerStep);
        }
    }

    /**
     * A driver on the processor runs work groups one after the other and pays for every barrier: whole rows, few barriers. A
     * card wants tens of thousands of invocations.
     */
    public static Tuning of(DeviceFacts facts) {
        Tuning tuning = of(facts.kind());
        boolean dots = facts.integerDots() == DeviceFacts.IntegerDots.ACCELERATED && tuning.rowsPerInvocation() == 1;
        if (dots) {
            tuning = tuning.withIntegerDots();
        }
        return tuning.rowsPerInvocation() == 1 ? tuning.withTiles(facts.matrixTiles()) : tuning;
    }

    static Tuning of(DeviceKind kind) {
        return kind == DeviceKind.CPU
                ? new Tuning(4, 1, 1, true, 32, Long.MAX_VALUE, false, MatrixTiles.NONE)
                : new Tuning(1, 1 << 16, 8, false, 32, Long.MAX_VALUE, false, MatrixTiles.NONE);
    }

    Tuning withIntegerDots() {
        return new Tuning(
                rowsPerInvocation, invocationsWanted, mostSplit, wideCache, tokensPerStep, mostWork, true, tiles);
    }

    Tuning withTiles(MatrixTiles other) {
        return new Tuning(
                rowsPerInvocation,
                invocationsWanted,
                mostSplit,
                wideCache,
                tokensPerStep,
                mostWork,
                integerDots,
                other);
    }
}
