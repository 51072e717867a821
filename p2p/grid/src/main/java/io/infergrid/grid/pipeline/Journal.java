package io.infergrid.grid.pipeline;

import io.infergrid.grid.GridListener.Window;
import io.infergrid.grid.Hash;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;

/** The tokens of a job so far, prompt first, and the windows that they fill. Used by one thread. */
final class Journal {

    static final int WINDOW = 32;

    private final int[] tokens;
    private final Consumer<Window> windowDone;
    private int size;
    private int reported;
    private long windowStart = System.nanoTime();
    private final int promptSize;

    Journal(int[] prompt, int most, Consumer<Window> windowDone) {
        tokens = Arrays.copyOf(prompt, Math.max(most, prompt.length));
        size = prompt.length;
        promptSize = prompt.length;
        this.windowDone = windowDone;
    }

    /** Reports the windows that the prompt fills. */
    void begin() {
        while (size - reported >= WINDOW) {
            report(WINDOW, Duration.ZERO);
        }
        windowStart = System.nanoTime();
    }

    void add(int token) {
        tokens[size++] = token;
        if (size - reported == WINDOW) {
            long now = System.nanoTime();
            report(WINDOW, Duration.ofNanos(now - windowStart));
            windowStart = now;
        }
    }

    /** Reports the last, shorter window. */
    void end() {
        if (size > reported) {
            report(
                    size - reported,
                    size > promptSize ? Duration.ofNanos(System.nanoTime() - windowStart) : Duration.ZERO);
        }
    }

    private void report(int positions, Duration time) {
        int first = reported;
        reported += positions;
        windowDone.accept(new Window(first / WINDOW, first, positions, sha256(first, reported), time));
    }

    int size() {
        return size;
    }

    int[] tokens(int from, int end) {
        return Arrays.copyOfRange(tokens, from, end);
    }

    /** Over all tokens. */
    String sha256() {
        return sha256(0, size);
    }

    /** Over some tokens, each as 4 bytes, little-endian. */
    String sha256(int from, int end) {
        var bytes = ByteBuffer.allocate(4 * (end - from)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = from; i < end; i++) {
            bytes.putInt(tokens[i]);
        }
        return Hash.of(Hash.sha256().digest(bytes.array())).hex();
    }
}
