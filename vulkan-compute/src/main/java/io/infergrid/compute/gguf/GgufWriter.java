package io.infergrid.compute.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Writes a GGUF v3 piece by piece: first the header, then the tensors' data in the order of the directory, then {@link
 * #commit}. The bytes go to a temporary file beside the target, which takes the target's name only when all are on disk; so
 * a crash leaves the old file or the new one. Used by one thread.
 */
public final class GgufWriter implements AutoCloseable {

    private static final int VERSION = 3;

    /**
     * A tensor that will be written.
     *
     * @param dimensions row length first
     */
    public record Declaration(String name, TensorType type, List<Long> dimensions) {

        public static Declaration vector(String name, TensorType type, long elements) {
            return new Declaration(name, type, List.of(elements));
        }

        public static Declaration matrix(String name, TensorType type, long columns, long rows) {
            return new Declaration(name, type, List.of(columns, rows));
        }
    }

    private final Path target;
    private final Path temporary;
    private final FileChannel channel;
    private final GgufHeader header;
    private int tensor;
    private long writtenOfTensor;
    private boolean committed;

    private GgufWriter(Path target, Path temporary, FileChannel channel, GgufHeader header) {
        this.target = target;
        this.temporary = temporary;
        this.channel = channel;
        this.header = header;
    }

    /**
     * Starts a file that will replace {@code target}.
     *
     * @throws GgufException if the declarations cannot stand in one file
     */
    public static GgufWriter create(Path target, GgufMetadata metadata, List<Declaration> tensors) throws IOException {
        GgufHeader header = header(metadata, tensors);
        Path temporary = target.resolveSibling(target.getFileName() + "." + UUID.randomUUID() + ".part");
        FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        var writer = new GgufWriter(target, temporary, channel, header);
        try {
            writer.write(ByteBuffer.wrap(header.encode()));
            if (!tensors.isEmpty()) {
                writer.pad();
            }
            return writer;
        } catch (IOException | RuntimeException failed) {
            writer.close();
            throw failed;
        }
    }

    /**
     * The header of a file with these tensors, which need not be written.
     *
     * @throws GgufException if the declarations cannot stand in one file
     */
    public static GgufHeader header(GgufMetadata metadata, List<Declaration> tensors) {
        int alignment = GgufHeader.alignmentOf(metadata);
        List<GgufTensorInfo> directory = new ArrayList<>();
        long offset = 0;
        for (Declaration declared : tensors) {
            var info = new GgufTensorInfo(declared.name(), declared.type(), declared.dimensions(), offset);
            directory.add(info);
            offset = GgufHeader.align(Math.addExact(offset, info.byteSize()), alignment);
        }
        var header = new GgufHeader(VERSION, metadata, directory);
        // what we would refuse to read we do not write
        GgufHeader.read(MemorySegment.ofArray(header.encode()));
        return header;
    }

    /** The header that the file starts with. */
    public GgufHeader header() {
        return header;
    }

    /**
     * Appends data, at most to the end of the tensor whose turn it is.
     *
     * @throws GgufException if there are more bytes than the tensor has left
     */
    public void append(ByteBuffer data) throws IOException {
        if (tensor == header.tensors().size()) {
            throw new GgufException(
                    "expected no more data after the last tensor, found " + data.remaining() + " bytes");
        }
        GgufTensorInfo info = header.tensors().get(tensor);
        long left = info.byteSize() - writtenOfTensor;
        if (data.remaining() > left) {
            throw new GgufException(
                    "tensor '" + info.name() + "': expected " + left + " more bytes, found " + data.remaining());
        }
        writtenOfTensor += data.remaining();
        write(data);
        if (writtenOfTensor == info.byteSize()) {
            pad();
            tensor++;
            writtenOfTensor = 0;
        }
    }

    /** Appends a segment of any length, e.g. all of a tensor of another file. */
    public void append(MemorySegment data) throws IOException {
        long chunk = 1L << 26;
        for (long at = 0; at < data.byteSize(); at += chunk) {
            append(data.asSlice(at, Math.min(chunk, data.byteSize() - at)).asByteBuffer());
        }
    }

    /**
     * Forces the bytes to disk and gives the file its name.
     *
     * @throws GgufException if a tensor is not complete
     */
    public void commit() throws IOException {
        if (tensor != header.tensors().size()) {
            GgufTensorInfo info = header.tensors().get(tensor);
            throw new GgufException("tensor '" + info.name() + "': expected " + info.byteSize() + " bytes, found "
                    + writtenOfTensor + " before the end");
        }
        channel.force(true);
        channel.close();
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException _) {
            Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
        }
        committed = true;
    }

    /** Without a {@link #commit} before it, removes what was written. */
    @Override
    public void close() throws IOException {
        channel.close();
        if (!committed) {
            Files.deleteIfExists(temporary);
        }
    }

    private void write(ByteBuffer data) throws IOException {
        while (data.hasRemaining()) {
            channel.write(data);
        }
    }

    private void pad() throws IOException {
        long position = channel.position();
        write(ByteBuffer.allocate((int) (GgufHeader.align(position, header.alignment()) - position)));
    }
}
