package io.infergrid.wallet.vault;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.keys.KeyRole;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * The bytes of a vault. All numbers big-endian:
 *
 * <pre>
 * "IGVAULT1"  8      magic and version
 * cost        3 * 4  Argon2id: KiB, passes, lanes
 * salt        16
 * addresses   3 * 20 owner, operator, session: shown while locked
 * nonce       12     end of the header that is the words' additional data
 * length      2
 * words       ...    sealed entropy and tag
 * flags       1      1: the backup was verified, 2: working keys follow
 * [nonce 12, length 2, sealed operator and session key]
 * check       32     SHA-256 of all before: tells a damaged file from a wrong password
 * </pre>
 *
 * @param workingNonce empty if there are no working keys
 */
record VaultFile(
        Argon2Cost cost,
        byte[] salt,
        Map<KeyRole, Address> addresses,
        byte[] nonce,
        byte[] words,
        boolean backupVerified,
        byte[] workingNonce,
        byte[] workingKeys) {

    private static final byte[] MAGIC = "IGVAULT1".getBytes(StandardCharsets.US_ASCII);
    private static final int SALT = 16;
    private static final int MAX_FILE = 4096;
    private static final int MAX_SEALED = 256;
    private static final int CHECK = 32;

    byte[] header() {
        ByteBuffer header = ByteBuffer.allocate(MAGIC.length + 12 + SALT + 60 + Sealed.NONCE);
        header.put(MAGIC)
                .putInt(cost.memoryKib())
                .putInt(cost.passes())
                .putInt(cost.lanes())
                .put(salt);
        for (KeyRole role : KeyRole.values()) {
            Address address = addresses.get(role);
            if (address == null) {
                throw new IllegalArgumentException("expected an address for " + role);
            }
            header.put(HexFormat.of().parseHex(address.text().substring(2)));
        }
        return header.put(nonce).array();
    }

    VaultFile withBackupVerified() {
        return new VaultFile(cost, salt, addresses, nonce, words, true, workingNonce, workingKeys);
    }

    VaultFile withWorkingKeys(byte[] newNonce, byte[] sealed) {
        return new VaultFile(cost, salt, addresses, nonce, words, backupVerified, newNonce, sealed);
    }

    void write(Path file) throws IOException {
        byte[] header = header();
        boolean working = workingNonce.length > 0;
        ByteBuffer all = ByteBuffer.allocate(
                header.length + 2 + words.length + 1 + (working ? Sealed.NONCE + 2 + workingKeys.length : 0) + CHECK);
        all.put(header).putShort((short) words.length).put(words);
        all.put((byte) ((backupVerified ? 1 : 0) | (working ? 2 : 0)));
        if (working) {
            all.put(workingNonce).putShort((short) workingKeys.length).put(workingKeys);
        }
        all.put(sha256(Arrays.copyOf(all.array(), all.position())));
        OwnerOnlyFile.write(file, all.array());
    }

    /**
     * @throws VaultDamagedException if the file is no vault or was changed
     */
    static VaultFile read(Path file) throws IOException {
        return parse(OwnerOnlyFile.read(file, MAX_FILE));
    }

    static VaultFile parse(byte[] bytes) {
        int end = bytes.length - CHECK;
        if (end < MAGIC.length || !Arrays.equals(Arrays.copyOf(bytes, MAGIC.length), MAGIC)) {
            throw new VaultDamagedException("the file is no vault of this program, or of a newer version of it");
        }
        byte[] check = sha256(Arrays.copyOf(bytes, end));
        if (!MessageDigest.isEqual(check, Arrays.copyOfRange(bytes, end, bytes.length))) {
            throw new VaultDamagedException("the vault file was cut or changed since it was written");
        }
        try {
            return parts(ByteBuffer.wrap(bytes, MAGIC.length, end - MAGIC.length));
        } catch (BufferUnderflowException | IllegalArgumentException malformed) {
            throw new VaultDamagedException("the vault file does not have the parts it should have");
        }
    }

    private static VaultFile parts(ByteBuffer in) {
        var cost = new Argon2Cost(in.getInt(), in.getInt(), in.getInt());
        byte[] salt = bytes(in, SALT);
        var addresses = new EnumMap<KeyRole, Address>(KeyRole.class);
        for (KeyRole role : KeyRole.values()) {
            addresses.put(role, Address.ofUncheckedHex("0x" + HexFormat.of().formatHex(bytes(in, 20))));
        }
        byte[] nonce = bytes(in, Sealed.NONCE);
        byte[] words = sealed(in);
        int flags = in.get();
        byte[] workingNonce = (flags & 2) == 0 ? new byte[0] : bytes(in, Sealed.NONCE);
        byte[] workingKeys = (flags & 2) == 0 ? new byte[0] : sealed(in);
        if ((flags & ~3) != 0 || in.hasRemaining()) {
            throw new IllegalArgumentException("unknown parts");
        }
        return new VaultFile(cost, salt, addresses, nonce, words, (flags & 1) != 0, workingNonce, workingKeys);
    }

    private static byte[] sealed(ByteBuffer in) {
        int length = in.getShort() & 0xffff;
        if (length < Sealed.TAG || length > MAX_SEALED) {
            throw new IllegalArgumentException("expected a sealed part of at most " + MAX_SEALED + " bytes");
        }
        return bytes(in, length);
    }

    private static byte[] bytes(ByteBuffer in, int count) {
        byte[] bytes = new byte[count];
        in.get(bytes);
        return bytes;
    }

    Optional<byte[]> openWords(byte[] key) {
        return Sealed.open(key, nonce, header(), words);
    }

    private static byte[] sha256(byte[] data) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(data);
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException(missing);
        }
    }
}
