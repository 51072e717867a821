package io.infergrid.grid.model;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufHeader;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensorInfo;
import io.infergrid.grid.Hash;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a GGUF file into shards: decides which bytes belong to which shard and hashes them. A tensor's bytes reach up to the
 * next tensor's, so that padding is part of a shard as well; the header, and tensors that belong to no one block, go to the metadata shard.
 */
public final class ModelCutter {

    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d{1,4})\\..+");

    private ModelCutter() {}

    /**
     * Reads the whole file once.
     *
     * @param licence SPDX id or name; empty to take {@code general.license} of the file
     * @throws GgufException if it is no sound GGUF of a model with blocks
     */
    public static Manifest cut(Path gguf, String licence) throws IOException {
        try (var arena = Arena.ofConfined();
                var channel = FileChannel.open(gguf, StandardOpenOption.READ)) {
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            GgufHeader header = GgufHeader.read(file);
            GgufMetadata metadata = header.metadata();
            String architecture = metadata.requiredString("general.architecture");
            int blocks = metadata.requiredInt(architecture + ".block_count", 1, 1024);
            boolean tied =
                    header.tensors().stream().noneMatch(tensor -> tensor.name().equals("output.weight"));
            GgufTensorInfo embedding = header.tensors().stream()
                    .filter(tensor -> tensor.name().equals("token_embd.weight"))
                    .findFirst()
                    .orElseThrow(() -> new IOException(
                            gguf.getFileName() + ": expected a tensor 'token_embd.weight', found none"));
            List<Shard> shards = new ArrayList<>();
            for (List<Extent> extents : divide(header, blocks, file.byteSize())) {
                int index = shards.size();
                var kind = index == 0
                        ? Shard.Kind.METADATA
                        : index == 1 ? Shard.Kind.EMBEDDING : index < blocks + 2 ? Shard.Kind.BLOCK : Shard.Kind.HEAD;
                shards.add(new Shard(kind, kind == Shard.Kind.BLOCK ? index - 2 : 0, extents, hash(file, extents)));
            }
            return new Manifest(
                    shorten(metadata.optionalString("general.name")
                            .filter(name -> !name.isBlank())
                            .orElse(String.valueOf(gguf.getFileName()))),
                    shorten(architecture),
                    shorten(
                            licence.isBlank()
                                    ? metadata.optionalString("general.license").orElse("unknown")
                                    : licence),
                    blocks,
                    metadata.requiredInt(architecture + ".embedding_length", 1, 1 << 17),
                    Math.toIntExact(embedding.rows()),
                    metadata.requiredInt(architecture + ".context_length", 1, 1 << 24),
                    tied,
                    file.byteSize(),
                    tokenizerHash(metadata),
                    shards);
        } catch (GgufException unsound) {
            throw new GgufException(gguf.getFileName() + ": " + unsound.getMessage(), unsound);
        } catch (IllegalArgumentException unsound) {
            throw new IOException(gguf.getFileName() + ": " + unsound.getMessage(), unsound);
        }
    }

    /** Where the tensor data begins in the file: behind the header, which encodes to the bytes that it was read from, aligned. */
    static long dataStart(GgufHeader header) {
        int alignment = header.alignment();
        return (header.encode().length + alignment - 1L) & -alignment;
    }

    /** The extents of each shard, in the manifest's order. */
    private static List<List<Extent>> divide(GgufHeader header, int blocks, long fileBytes) throws IOException {
        var shards = new ArrayList<List<Extent>>();
        for (int i = 0; i < blocks + 3; i++) {
            shards.add(new ArrayList<>());
        }
        var tensors = new ArrayList<>(header.tensors());
        tensors.sort(Comparator.comparingLong(GgufTensorInfo::offset));
        long dataStart = dataStart(header);
        long at = tensors.isEmpty() ? fileBytes : dataStart + tensors.getFirst().offset();
        append(shards.getFirst(), 0, at);
        for (int i = 0; i < tensors.size(); i++) {
            GgufTensorInfo tensor = tensors.get(i);
            if (dataStart + tensor.offset() + tensor.byteSize() > fileBytes) {
                throw new IOException("tensor '" + tensor.name() + "': expected its data inside " + fileBytes
                        + " bytes, found its end at " + (dataStart + tensor.offset() + tensor.byteSize()));
            }
            long end = i + 1 < tensors.size() ? dataStart + tensors.get(i + 1).offset() : fileBytes;
            append(shards.get(shardOf(tensor.name(), blocks)), at, end);
            at = end;
        }
        return shards;
    }

    private static void append(List<Extent> extents, long from, long end) {
        if (!extents.isEmpty() && extents.getLast().end() == from) {
            Extent last = extents.removeLast();
            extents.add(new Extent(last.offset(), end - last.offset()));
        } else {
            extents.add(new Extent(from, end - from));
        }
    }

    private static int shardOf(String tensor, int blocks) throws IOException {
        Matcher block = BLOCK.matcher(tensor);
        if (block.matches()) {
            int index = Integer.parseInt(block.group(1));
            if (index >= blocks) {
                throw new IOException(
                        "tensor '" + tensor + "': expected one of " + blocks + " blocks, found block " + index);
            }
            return 2 + index;
        }
        return switch (tensor) {
            case "token_embd.weight" -> 1;
            case "output_norm.weight", "output.weight" -> blocks + 2;
            default -> 0;
        };
    }

    private static List<Hash> hash(MemorySegment file, List<Extent> extents) {
        long bytes = extents.stream().mapToLong(Extent::bytes).sum();
        var pieces = new ArrayList<Hash>();
        byte[] buffer = new byte[Shard.PIECE_BYTES];
        for (long at = 0; at < bytes; at += Shard.PIECE_BYTES) {
            int length = (int) Math.min(Shard.PIECE_BYTES, bytes - at);
            copy(file, extents, at, buffer, length);
            pieces.add(MerkleTree.leaf(buffer, 0, length));
        }
        return pieces;
    }

    /** Copies {@code length} bytes at {@code from} of the shard that {@code extents} of {@code file} make up. */
    static void copy(MemorySegment file, List<Extent> extents, long from, byte[] into, int length) {
        long extentStart = 0; // in the shard
        int done = 0;
        for (Extent extent : extents) {
            long at = from + done - extentStart;
            if (done < length && at >= 0 && at < extent.bytes()) {
                int part = (int) Math.min(length - done, extent.bytes() - at);
                MemorySegment.copy(file, ValueLayout.JAVA_BYTE, extent.offset() + at, into, done, part);
                done += part;
            }
            extentStart += extent.bytes();
        }
        if (done != length) {
            throw new IllegalArgumentException("expected " + length + " bytes at " + from + ", found " + done);
        }
    }

    private static Hash tokenizerHash(GgufMetadata metadata) {
        var tokenizer = GgufMetadata.builder();
        metadata.values().forEach((key, value) -> {
            if (key.startsWith("tokenizer.")) {
                tokenizer.put(key, value);
            }
        });
        return Hash.of(Hash.sha256().digest(tokenizer.build().encode()));
    }

    /** As it may stand in a manifest: one line of at most 128 bytes of UTF-8. */
    private static String shorten(String text) {
        String line = text.codePoints()
                .map(c -> Character.isISOControl(c)
                                || c == 0x2028
                                || c == 0x2029
                                || Character.getType(c) == Character.SURROGATE
                        ? ' '
                        : c)
                .limit(32)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString()
                .strip();
        return line.isEmpty() ? "unnamed" : line;
    }
}
