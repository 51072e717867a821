package io.infergrid.grid.verification;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.Hash;
import io.infergrid.grid.wire.WireException;
import io.infergrid.grid.wire.WireReader;
import io.infergrid.grid.wire.WireWriter;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * What a peer says of one window of one stage. Its {@link #commitment} is said first; the salt and the peer's id in it make it worthless to
 * whoever would copy it or guess what is behind it.
 *
 * @param session hex of 16 bytes
 * @param window index: positions from 32 times this on
 * @param in SHA-256 over the window's input as it came: 4 bytes a token, little-endian, at the first stage, else boundary activations
 * @param out SHA-256 over the window's output: boundary activations, or at the last stage 8 bytes for each token drawn, its position and
 *     its id
 * @param profile the arithmetic, {@code IG1}
 * @param salt 16 random bytes
 */
public record WindowClaim(
        String session,
        Hash model,
        BlockRange blocks,
        int stage,
        int window,
        Hash in,
        Hash out,
        String profile,
        PeerId peer,
        byte[] salt) {

    /** Positions of a window. */
    public static final int POSITIONS = 32;

    public static final int SALT_BYTES = 16;

    private static final byte[] COMMITMENT = "infergrid-window-1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SIGNED = "infergrid-window-commitment-1:".getBytes(StandardCharsets.US_ASCII);

    public WindowClaim {
        salt = salt.clone();
        if (salt.length != SALT_BYTES) {
            throw new IllegalArgumentException("expected a salt of " + SALT_BYTES + " bytes, found " + salt.length);
        }
    }

    /** SHA-256 over everything in this claim. */
    public Hash commitment() {
        var out = new WireWriter(256);
        byte[] id = peer.bytes();
        out.raw(COMMITMENT)
                .raw(HexFormat.of().parseHex(session))
                .hash(model)
                .u16(blocks.first())
                .u16(blocks.end())
                .u16(stage)
                .i32(window)
                .hash(in)
                .hash(this.out)
                .text(profile)
                .u8(id.length)
                .raw(id)
                .raw(salt);
        return Hash.of(Hash.sha256().digest(out.toBytes()));
    }

    /** What the peer signs of a commitment. */
    public static byte[] toSign(Hash commitment) {
        return new WireWriter(64).raw(SIGNED).hash(commitment).toBytes();
    }

    /** Whether the signature is this peer's under that commitment; false for a peer whose id does not hold its key. */
    public static boolean signedBy(PeerId peer, Hash commitment, byte[] signature) {
        try {
            var key = peer.publicKey();
            return key.isPresent() && key.get().verify(toSign(commitment), signature);
        } catch (DecodeException malformed) {
            return false;
        }
    }

    /** What is revealed: the rest of the claim the gateway knows. */
    public Secret secret() {
        return new Secret(in, out, salt);
    }

    /** The part of a claim that a gateway cannot know. */
    public record Secret(Hash in, Hash out, byte[] salt) {

        public Secret {
            salt = salt.clone();
        }

        public void encode(WireWriter writer) {
            writer.hash(in).hash(out).raw(salt);
        }

        public static Secret decode(WireReader reader) throws WireException {
            return new Secret(reader.hash("input hash"), reader.hash("output hash"), reader.raw("salt", SALT_BYTES));
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Secret(Hash otherIn, Hash otherOut, byte[] otherSalt)
                    && in.equals(otherIn)
                    && out.equals(otherOut)
                    && Arrays.equals(salt, otherSalt);
        }

        @Override
        public int hashCode() {
            return in.hashCode() * 31 + out.hashCode();
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WindowClaim that && commitment().equals(that.commitment());
    }

    @Override
    public int hashCode() {
        return commitment().hashCode();
    }
}
