package io.infergrid.grid.verification;

import io.infergrid.grid.Hash;
import java.security.MessageDigest;
import java.util.Optional;

/** Hashes what passes through a stage, window by window. Used by one thread. */
public final class WindowHasher {

    /** The hashes of a window that is complete. */
    public record Done(int window, Hash in, Hash out) {}

    private final MessageDigest in = Hash.sha256();
    private final MessageDigest out = Hash.sha256();
    private final byte[] word = new byte[4];
    private int position;

    /** Position that comes next. */
    public int position() {
        return position;
    }

    /** Tokens that go in, for the next positions; call before {@link #positionDone}. */
    public void tokenIn(int token) {
        in.update(little(token));
    }

    /** Boundary activations that go in. */
    public void boundaryIn(byte[] wire, int from, int length) {
        in.update(wire, from, length);
    }

    public void boundaryOut(byte[] wire, int from, int length) {
        out.update(wire, from, length);
    }

    /** A token that was drawn for the place at {@code at}. */
    public void tokenOut(int at, int token) {
        out.update(little(at));
        out.update(little(token));
    }

    private byte[] little(int value) {
        word[0] = (byte) value;
        word[1] = (byte) (value >>> 8);
        word[2] = (byte) (value >>> 16);
        word[3] = (byte) (value >>> 24);
        return word;
    }

    /** One position is complete; the window that it ends, if it does. */
    public Optional<Done> positionDone() {
        position++;
        if (position % WindowClaim.POSITIONS != 0) {
            return Optional.empty();
        }
        return Optional.of(new Done(position / WindowClaim.POSITIONS - 1, Hash.of(in.digest()), Hash.of(out.digest())));
    }
}
