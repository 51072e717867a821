package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.GgufWriter;
import io.infergrid.compute.gguf.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Encodes rows on all processors and writes them in order; at most a few chunks are in memory. Used by one thread.
 */
final class RowPipeline implements AutoCloseable {

    private static final int CHUNK_ELEMENTS = 1 << 19;

    /** Gives rows of a tensor; called from several threads. */
    interface Rows {
        void read(long row, float[] target, int from);
    }

    private final GgufWriter writer;
    private final int threads = Runtime.getRuntime().availableProcessors();
    private final ExecutorService workers;

    RowPipeline(GgufWriter writer) {
        this.writer = writer;
        var number = new AtomicInteger();
        workers = new ThreadPoolExecutor(threads, threads, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            var thread = new Thread(task, "quantize-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Writes all rows of the tensor whose turn it is. */
    void write(TensorType type, long columns, long rows, Rows source) throws IOException {
        int width = Math.toIntExact(columns);
        long rowsAtOnce = Math.max(1, CHUNK_ELEMENTS / columns);
        Queue<Future<ByteBuffer>> inOrder = new ArrayDeque<>();
        for (long first = 0; first < rows; first += rowsAtOnce) {
            long start = first;
            int count = (int) Math.min(rowsAtOnce, rows - first);
            inOrder.add(workers.submit(() -> encode(type, width, start, count, source)));
            if (inOrder.size() > 2 * threads) {
                append(inOrder.remove());
            }
        }
        while (!inOrder.isEmpty()) {
            append(inOrder.remove());
        }
    }

    private static ByteBuffer encode(TensorType type, int columns, long first, int count, Rows source) {
        float[] row = new float[columns];
        var bytes = ByteBuffer.allocate(Math.toIntExact(count * type.rowBytes(columns)))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (long r = first; r < first + count; r++) {
            source.read(r, row, 0);
            RowEncoder.encode(type, row, 0, columns, bytes);
        }
        return bytes.flip();
    }

    private void append(Future<ByteBuffer> chunk) throws IOException {
        try {
            writer.append(chunk.get());
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(failed.getCause());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw (CancellationException) new CancellationException("interrupted while writing").initCause(interrupted);
        }
    }

    @Override
    public void close() {
        workers.shutdownNow();
    }
}
