package io.infergrid.libp2p.noise;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * {@code Noise_XX_25519_ChaChaPoly_SHA256} (Noise revision 34): {@code -> e}, {@code <- e, ee, s, es}, {@code -> s, se}. The two
 * sides call {@link #write} and {@link #read} in turn, the initiator writing first, and then {@link #split}. For one thread.
 */
final class NoiseXX {

    private static final byte[] NAME = "Noise_XX_25519_ChaChaPoly_SHA256".getBytes(StandardCharsets.US_ASCII);
    private static final int POINT = X25519Pair.BYTES;
    private static final int SEALED_POINT = POINT + CipherState.TAG_BYTES;

    private final boolean initiator;
    private final X25519Pair ownStatic;
    private final X25519Pair ownEphemeral;
    private final MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    private byte[] hash = NAME; // exactly 32 bytes, so the name is its own hash
    private byte[] chainingKey = NAME;
    private @Nullable CipherState cipher;
    private byte[] theirEphemeral = {};
    private byte[] theirStatic = {};
    private int message;

    NoiseXX(boolean initiator, X25519Pair ownStatic, X25519Pair ownEphemeral, byte[] prologue)
            throws GeneralSecurityException {
        this.initiator = initiator;
        this.ownStatic = ownStatic;
        this.ownEphemeral = ownEphemeral;
        mixHash(prologue);
    }

    /** The sending and the receiving half of the finished handshake. */
    record Transport(CipherState sending, CipherState receiving) {}

    /** The next message of ours, with a payload; sealed from the second message on. */
    byte[] write(byte[] payload) throws GeneralSecurityException {
        expectTurn(initiator ? message % 2 == 0 : message % 2 == 1);
        return switch (message++) {
            case 0 -> join(ephemeral(), seal(payload));
            case 1 -> {
                var e = ephemeral();
                mixKey(ownEphemeral.agree(theirEphemeral));
                var s = seal(ownStatic.point());
                mixKey(ownStatic.agree(theirEphemeral));
                yield join(e, s, seal(payload));
            }
            default -> {
                var s = seal(ownStatic.point());
                mixKey(ownStatic.agree(theirEphemeral));
                yield join(s, seal(payload));
            }
        };
    }

    /** Takes their next message and returns its payload. */
    byte[] read(byte[] bytes) throws GeneralSecurityException {
        expectTurn(initiator ? message % 2 == 1 : message % 2 == 0);
        var in = ByteBuffer.wrap(bytes);
        return switch (message++) {
            case 0 -> {
                readEphemeral(in);
                yield open(rest(in));
            }
            case 1 -> {
                readEphemeral(in);
                mixKey(ownEphemeral.agree(theirEphemeral));
                theirStatic = open(take(in, SEALED_POINT));
                mixKey(ownEphemeral.agree(theirStatic));
                yield open(rest(in));
            }
            default -> {
                theirStatic = open(take(in, SEALED_POINT));
                mixKey(ownEphemeral.agree(theirStatic));
                yield open(rest(in));
            }
        };
    }

    byte[] theirStatic() {
        return theirStatic;
    }

    byte[] hash() {
        return hash.clone();
    }

    Transport split() throws GeneralSecurityException {
        if (message != 3) {
            throw new IllegalStateException("the handshake has " + message + " of 3 messages");
        }
        var keys = hkdf(new byte[0]);
        var first = new CipherState(Arrays.copyOf(keys, 32));
        var second = new CipherState(Arrays.copyOfRange(keys, 32, 64));
        return initiator ? new Transport(first, second) : new Transport(second, first);
    }

    private byte[] ephemeral() {
        var e = ownEphemeral.point();
        mixHash(e);
        return e;
    }

    private void readEphemeral(ByteBuffer in) throws GeneralSecurityException {
        theirEphemeral = take(in, POINT);
        mixHash(theirEphemeral);
    }

    private void mixHash(byte[] data) {
        sha256.update(hash);
        hash = sha256.digest(data);
    }

    private void mixKey(byte[] secret) throws GeneralSecurityException {
        var keys = hkdf(secret);
        chainingKey = Arrays.copyOf(keys, 32);
        cipher = new CipherState(Arrays.copyOfRange(keys, 32, 64));
    }

    /** Noise's HKDF with two outputs is RFC 5869 with an empty info. */
    private byte[] hkdf(byte[] secret) throws GeneralSecurityException {
        var parameters = HKDFParameterSpec.ofExtract()
                .addSalt(chainingKey)
                .addIKM(secret)
                .thenExpand(new byte[0], 64);
        return KDF.getInstance("HKDF-SHA256").deriveData(parameters);
    }

    private byte[] seal(byte[] plain) throws GeneralSecurityException {
        var sealed = cipher == null ? plain : cipher.seal(hash, plain);
        mixHash(sealed);
        return sealed;
    }

    private byte[] open(byte[] sealed) throws GeneralSecurityException {
        var plain = cipher == null ? sealed : cipher.open(hash, sealed);
        mixHash(sealed);
        return plain;
    }

    private static byte[] take(ByteBuffer in, int length) throws GeneralSecurityException {
        if (in.remaining() < length) {
            throw new GeneralSecurityException(
                    "noise handshake: expected " + length + " bytes, found " + in.remaining());
        }
        var part = new byte[length];
        in.get(part);
        return part;
    }

    private static byte[] rest(ByteBuffer in) throws GeneralSecurityException {
        return take(in, in.remaining());
    }

    private static byte[] join(byte[]... parts) {
        int length = 0;
        for (var part : parts) {
            length += part.length;
        }
        var joined = ByteBuffer.allocate(length);
        for (var part : parts) {
            joined.put(part);
        }
        return joined.array();
    }

    private static void expectTurn(boolean ours) {
        if (!ours) {
            throw new IllegalStateException("the other side is next in the handshake");
        }
    }
}
