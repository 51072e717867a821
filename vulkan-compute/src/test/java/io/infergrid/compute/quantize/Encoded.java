package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What the quantiser makes of rows, for tests of other packages. */
public final class Encoded {

    private Encoded() {}

    public static byte[] rows(TensorType type, float[] x, int columns) {
        var bytes = ByteBuffer.allocate((int) (x.length / columns * type.rowBytes(columns)))
                .order(ByteOrder.LITTLE_ENDIAN);
        new RowEncoder().encode(type, x, 0, x.length, bytes);
        return bytes.array();
    }

    /** The type of a matrix in published files. */
    public static TensorType published(
            FileType file, int blocks, int queriesPerKey, boolean tied, String name, long columns) {
        return new TypeChoice.Published(file, blocks, queriesPerKey, tied).of(name, columns);
    }
}
