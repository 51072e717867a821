package io.infergrid.grid.model;

/** Consecutive bytes of the GGUF file. */
public record Extent(long offset, long bytes) {

    public long end() {
        return offset + bytes;
    }
}
