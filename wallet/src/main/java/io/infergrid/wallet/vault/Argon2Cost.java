package io.infergrid.wallet.vault;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * What one guess of a password costs (Argon2id, RFC 9106). It stands in the vault's header, so a later release may raise it
 * for new vaults and still open old ones.
 *
 * @param memoryKib memory in KiB, 8 MiB to 2 GiB in steps of any size
 * @param passes 1 to 64
 * @param lanes 1 to 16
 */
public record Argon2Cost(int memoryKib, int passes, int lanes) {

    /** 256 MiB, three passes, four lanes: 1 to 2 seconds on a desktop of today. */
    public static final Argon2Cost DEFAULT = new Argon2Cost(256 * 1024, 3, 4);

    private static final int MIN_KIB = 8 * 1024;
    private static final int MAX_KIB = 2 * 1024 * 1024;

    /**
     * @throws IllegalArgumentException outside the bounds: a file from elsewhere cannot make this machine take all its memory
     */
    public Argon2Cost {
        if (memoryKib < MIN_KIB || memoryKib > MAX_KIB || passes < 1 || passes > 64 || lanes < 1 || lanes > 16) {
            throw new IllegalArgumentException(
                    "expected an Argon2 cost of 8 MiB to 2 GiB, 1 to 64 passes and 1 to 16 lanes," + " found "
                            + memoryKib + " KiB, " + passes + " passes, " + lanes + " lanes");
        }
    }

    boolean isWeakerThan(Argon2Cost other) {
        return (long) memoryKib * passes < (long) other.memoryKib * other.passes;
    }

    /** 32 bytes from a password; the caller wipes both. */
    byte[] derive(char[] password, byte[] salt) {
        ByteBuffer encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(password));
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        try {
            var generator = new Argon2BytesGenerator();
            generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                    .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                    .withMemoryAsKB(memoryKib)
                    .withIterations(passes)
                    .withParallelism(lanes)
                    .withSalt(salt)
                    .build());
            byte[] key = new byte[32];
            generator.generateBytes(bytes, key);
            return key;
        } finally {
            Arrays.fill(bytes, (byte) 0);
            Arrays.fill(encoded.array(), (byte) 0);
        }
    }
}
