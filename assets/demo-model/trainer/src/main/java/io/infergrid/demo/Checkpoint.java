package io.infergrid.demo;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Everything that a run needs to go on.
 *
 * @param weights the model
 * @param optimiser its moments
 * @param step steps done
 * @param nextDocument the first document not yet read
 * @param seconds time spent so far
 */
record Checkpoint(Weights weights, AdamW optimiser, int step, long nextDocument, double seconds) {
    private static final int MAGIC = 0x49474443;

    void write(Path file) throws IOException {
        var partial = file.resolveSibling(file.getFileName() + ".part");
        try (var out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(partial), 1 << 20))) {
            var s = weights.shape();
            out.writeInt(MAGIC);
            for (int value : new int[] {
                s.vocabulary(), s.dimension(), s.blocks(), s.heads(), s.kvHeads(), s.feedForward(), s.context(), step
            }) {
                out.writeInt(value);
            }
            out.writeLong(nextDocument);
            out.writeDouble(seconds);
            for (var array : new float[][] {weights.values(), optimiser.mean(), optimiser.square()}) {
                for (float value : array) {
                    out.writeFloat(value);
                }
            }
        }
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    static Checkpoint read(Path file) throws IOException {
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 20))) {
            int magic = in.readInt();
            if (magic != MAGIC) {
                throw new IOException(file + " is no checkpoint: starts with " + Integer.toHexString(magic));
            }
            var shape = new LlamaShape(
                    in.readInt(), in.readInt(), in.readInt(), in.readInt(), in.readInt(), in.readInt(), in.readInt());
            int step = in.readInt();
            long nextDocument = in.readLong();
            double seconds = in.readDouble();
            var weights = Weights.zeros(shape);
            var mean = new float[weights.values().length];
            var square = new float[weights.values().length];
            for (var array : new float[][] {weights.values(), mean, square}) {
                for (int i = 0; i < array.length; i++) {
                    array[i] = in.readFloat();
                }
            }
            return new Checkpoint(weights, new AdamW(mean, square), step, nextDocument, seconds);
        }
    }
}
