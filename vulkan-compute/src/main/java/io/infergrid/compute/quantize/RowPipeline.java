package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.GgufTensorInfo;
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
 * Encodes rows on all processors and writes them in order; at most a few chunks are in memory. Used by one thread, whose
 * interruption ends the work with a {@link CancellationException}.
 */
final class RowPipeline implements AutoCloseable {

    private static final int CHUNK_ELEMENTS = 1 << 17;

    /** Gives rows of a tensor; called from several threads. */
    interface Rows {
        void read(long row, float[] target, int from);
    }

    private final GgufWriter writer;
    private final Progress progress;
    private final long elements;
    private long written;
    private final int threads = Runtime.getRuntime().availableProcessors();
    private final ExecutorService workers;

    RowPipeline(GgufWriter writer, Progress progress) {
        this.writer = writer;
        this.progress = progress;
        elements = writer.header().tensors().stream()
                .mapToLong(RowPipeline::elements)
                .sum();
        var number = new AtomicInteger();
        workers = new ThreadPoolExecutor(threads, threads, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            var thread = new Thread(task, "quantize-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Writes all rows of the tensor whose turn it is.
     *
     * @throws GgufException if a weight is not finite or too large for the type; the message names tensor and row
     */
    void write(GgufWriter.Declaration tensor, Rows source) throws IOException {
        long columns = tensor.dimensions().getFirst();
        long rows = elements(tensor) / columns;
        long rowsAtOnce = Math.max(1, CHUNK_ELEMENTS / columns);
        Queue<Future<ByteBuffer>> inOrder = new ArrayDeque<>();
        for (long first = 0; first < rows; first += rowsAtOnce) {
            long start = first;
            int count = (int) Math.min(rowsAtOnce, rows - first);
            inOrder.add(workers.submit(() -> encode(tensor, start, count, source)));
            if (inOrder.size() > 2 * threads) {
                append(tensor, inOrder.remove(), rowsAtOnce * columns);
            }
        }
        while (!inOrder.isEmpty()) {
            append(tensor, inOrder.remove(), rowsAtOnce * columns);
        }
    }

    /**
     * Writes the tensor whose turn it is as it was.
     *
     * @throws GgufException if a weight is not finite; the message names tensor and row
     */
    void copy(GgufWriter.Declaration declared, GgufTensor tensor) throws IOException {
        float[] row = new float[Math.toIntExact(tensor.columns())];
        for (long r = 0; r < tensor.rows(); r++) {
            tensor.readRow(r, row, 0);
            check(declared, r, row, Float.MAX_VALUE);
        }
        stopIfInterrupted();
        writer.append(tensor.data());
        told(declared, elements(declared));
    }

    /** Asked before a write, which would end in a closed channel. */
    private static void stopIfInterrupted() {
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted while writing");
        }
    }

    private void told(GgufWriter.Declaration tensor, long weights) {
        written += weights;
        progress.written(tensor.name(), Math.min(1, written / (double) elements));
    }

    private static ByteBuffer encode(GgufWriter.Declaration tensor, long first, int count, Rows source) {
        TensorType type = tensor.type();
        int columns = Math.toIntExact(tensor.dimensions().getFirst());
        var encoder = new RowEncoder();
        float[] row = new float[columns];
        var bytes = ByteBuffer.allocate(Math.toIntExact(count * type.rowBytes(columns)))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (long r = first; r < first + count; r++) {
            source.read(r, row, 0);
            check(tensor, r, row, RowEncoder.greatestWeight(type));
            encoder.encode(type, row, 0, columns, bytes);
        }
        return bytes.flip();
    }

    private static void check(GgufWriter.Declaration tensor, long row, float[] weights, float most) {
        for (float weight : weights) {
            if (!(Math.abs(weight) <= most)) {
                throw new GgufException("tensor '" + tensor.name() + "': expected finite weights"
                        + (most < Float.MAX_VALUE ? " of magnitudes that " + tensor.type() + " can hold" : "")
                        + ", found " + weight + " in row " + row);
            }
        }
    }

    private void append(GgufWriter.Declaration tensor, Future<ByteBuffer> chunk, long weights) throws IOException {
        try {
            ByteBuffer bytes = chunk.get();
            stopIfInterrupted();
            writer.append(bytes);
            told(tensor, weights);
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

    private static long elements(GgufTensorInfo tensor) {
        return tensor.rows() * tensor.columns();
    }

    private static long elements(GgufWriter.Declaration tensor) {
        return tensor.dimensions().stream().reduce(1L, Math::multiplyExact);
    }

    @Override
    public void close() {
        workers.shutdownNow();
    }
}
