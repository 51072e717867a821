package io.infergrid.libp2p.noise;

import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** ChaCha20-Poly1305 with a counter as nonce (Noise, section 5.1). For one thread at a time. */
final class CipherState {

    static final int TAG_BYTES = 16;

    private final SecretKeySpec key;
    private final Cipher cipher = Cipher.getInstance("ChaCha20-Poly1305");
    private final byte[] nonce = new byte[12];
    private long counter;

    CipherState(byte[] key) throws GeneralSecurityException {
        this.key = new SecretKeySpec(key, "ChaCha20");
    }

    /** Seals {@code length} bytes into {@code to}, which may be the same place; returns the length with the tag. */
    int seal(byte[] associated, byte[] from, int offset, int length, byte[] to, int at)
            throws GeneralSecurityException {
        return run(Cipher.ENCRYPT_MODE, associated, from, offset, length, to, at);
    }

    /** Opens what {@link #seal} made; returns the length without the tag. */
    int open(byte[] associated, byte[] from, int offset, int length, byte[] to, int at)
            throws GeneralSecurityException {
        return run(Cipher.DECRYPT_MODE, associated, from, offset, length, to, at);
    }

    byte[] seal(byte[] associated, byte[] plain) throws GeneralSecurityException {
        var sealed = new byte[plain.length + TAG_BYTES];
        seal(associated, plain, 0, plain.length, sealed, 0);
        return sealed;
    }

    byte[] open(byte[] associated, byte[] sealed) throws GeneralSecurityException {
        if (sealed.length < TAG_BYTES) {
            throw new GeneralSecurityException("noise: expected a tag of 16 bytes, found " + sealed.length);
        }
        var plain = new byte[sealed.length - TAG_BYTES];
        open(associated, sealed, 0, sealed.length, plain, 0);
        return plain;
    }

    private int run(int mode, byte[] associated, byte[] from, int offset, int length, byte[] to, int at)
            throws GeneralSecurityException {
        if (counter == -1) {
            throw new GeneralSecurityException("noise: all nonces of this key are used up");
        }
        for (int i = 0; i < 8; i++) {
            nonce[4 + i] = (byte) (counter >>> 8 * i);
        }
        counter++;
        cipher.init(mode, key, new IvParameterSpec(nonce));
        if (associated.length > 0) {
            cipher.updateAAD(associated);
        }
        return cipher.doFinal(from, offset, length, to, at);
    }
}
