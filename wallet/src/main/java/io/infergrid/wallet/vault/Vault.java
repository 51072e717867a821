package io.infergrid.wallet.vault;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.keys.KeyRole;
import io.infergrid.wallet.keys.Mnemonic;
import io.infergrid.wallet.keys.Signature;
import io.infergrid.wallet.keys.Signer;
import io.infergrid.wallet.keys.SigningKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * The wallet's words in a file, and its keys in memory for as long as they may be.
 *
 * <p>Locked, a vault still shows its addresses. The owner's key is in memory between {@link #unlock} and {@link #lock}, which
 * comes by itself when nobody touched the vault for the idle limit. The operator's and the session's key stay after the first
 * unlock, so that a locked rig goes on earning; with {@link #keepWorkingKeys} they are there after a restart too, sealed in the
 * vault under a random secret in a file beside it. Who steals both files can sign commitments and vouchers, so can lose the
 * deposits of channels, and cannot touch stake, balance or payout address.
 *
 * <p>Wrong passwords cost growing waits: none for the first three, then 1, 2, 4 ... 300 seconds. They are counted in this
 * process only; against someone who holds the file, Argon2id is what counts. Safe for any thread.
 */
public final class Vault implements AutoCloseable {

    private static final int FREE_TRIES = 3;
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);

    private final Path path;
    private final VaultSettings settings;
    private final Map<KeyRole, SigningKey> keys = new EnumMap<>(KeyRole.class);
    private VaultFile file;
    private int wrongTries;
    private Instant nextTry = Instant.MIN;
    private Instant lastTouch;

    private Vault(Path path, VaultSettings settings, VaultFile file) {
        this.path = path;
        this.settings = settings;
        this.file = file;
        this.lastTouch = settings.clock().instant();
    }

    /** Whether there is a vault at this path, in whatever state. */
    public static boolean exists(Path path) {
        return Files.exists(path);
    }

    /**
     * Writes a new vault and leaves it unlocked. Arrays and words stay the caller's to wipe.
     *
     * @param backupVerified true for words that were just typed in, which is a backup seen to work
     * @throws IllegalStateException if there is one already: no wallet is ever overwritten
     */
    public static Vault create(
            Path path, Mnemonic words, char[] password, boolean backupVerified, VaultSettings settings)
            throws IOException {
        if (exists(path)) {
            throw new IllegalStateException("there is a wallet already in " + path + ": move it away first");
        }
        var addresses = new EnumMap<KeyRole, Address>(KeyRole.class);
        for (KeyRole role : KeyRole.values()) {
            try (SigningKey key = words.derive(role)) {
                addresses.put(role, key.address());
            }
        }
        VaultFile file = sealed(words, addresses, password, settings);
        file = backupVerified ? file.withBackupVerified() : file;
        file.write(path);
        var vault = new Vault(path, settings, file);
        vault.takeKeys(words);
        return vault;
    }

    private static VaultFile sealed(
            Mnemonic words, Map<KeyRole, Address> addresses, char[] password, VaultSettings settings) {
        byte[] salt = random(settings, 16);
        byte[] nonce = random(settings, Sealed.NONCE);
        var bare = new VaultFile(settings.cost(), salt, addresses, nonce, new byte[0], false, new byte[0], new byte[0]);
        byte[] key = settings.cost().derive(password, salt);
        byte[] entropy = words.entropy();
        try {
            byte[] sealed = Sealed.seal(key, nonce, bare.header(), entropy);
            return new VaultFile(settings.cost(), salt, addresses, nonce, sealed, false, new byte[0], new byte[0]);
        } finally {
            Arrays.fill(key, (byte) 0);
            Arrays.fill(entropy, (byte) 0);
        }
    }

    /**
     * Reads a vault, locked. Working keys that were kept are usable at once.
     *
     * @throws VaultDamagedException if the file is no vault or was changed
     */
    public static Vault open(Path path, VaultSettings settings) throws IOException {
        var vault = new Vault(path, settings, VaultFile.read(path));
        vault.takeKeptWorkingKeys();
        return vault;
    }

    /** A role's account, also while locked. */
    public synchronized Address address(KeyRole role) {
        return java.util.Objects.requireNonNull(file.addresses().get(role));
    }

    /** Whether the words were asked for and given right, {@link #confirmBackup()}. */
    public synchronized boolean backupVerified() {
        return file.backupVerified();
    }

    /** Notes that the person gave the right words back ({@link BackupQuiz}). Kept in the file. */
    public synchronized void confirmBackup() throws IOException {
        rewrite(file.withBackupVerified());
    }

    /** Whether the owner's key is out of reach. Locks first if the idle limit is over. */
    public synchronized boolean locked() {
        lockIfIdle();
        return !keys.containsKey(KeyRole.OWNER);
    }

    /** Whether this role can sign now. */
    public synchronized boolean canSign(KeyRole role) {
        lockIfIdle();
        return keys.containsKey(role);
    }

    /** Tries a password; takes a second or two by design. The array stays the caller's to wipe. */
    public synchronized UnlockResult unlock(char[] password) throws IOException {
        UnlockResult[] result = new UnlockResult[1];
        Optional<Mnemonic> words = tryPassword(password, result);
        if (words.isPresent()) {
            try (Mnemonic opened = words.get()) {
                takeKeys(opened);
                if (file.cost().isWeakerThan(settings.cost())) {
                    reseal(opened, password);
                }
            }
        }
        return result[0];
    }

    /**
     * The words themselves, to be shown or asked for; always asks the password again. Nothing if the password is wrong or came
     * too soon ({@link #retryAfter()}). The caller closes them.
     */
    public synchronized Optional<Mnemonic> words(char[] password) {
        return tryPassword(password, new UnlockResult[1]);
    }

    private Optional<Mnemonic> tryPassword(char[] password, UnlockResult[] result) {
        Duration wait = retryAfter();
        if (wait.isPositive()) {
            result[0] = new UnlockResult.TooSoon(wait);
            return Optional.empty();
        }
        byte[] key = file.cost().derive(password, file.salt());
        Optional<byte[]> entropy = file.openWords(key);
        Arrays.fill(key, (byte) 0);
        if (entropy.isEmpty()) {
            wrongTries++;
            nextTry = settings.clock().instant().plus(delay(wrongTries));
            result[0] = new UnlockResult.WrongPassword(wrongTries, delay(wrongTries));
            return Optional.empty();
        }
        wrongTries = 0;
        nextTry = Instant.MIN;
        result[0] = new UnlockResult.Unlocked();
        Mnemonic words = Mnemonic.ofEntropy(entropy.get());
        Arrays.fill(entropy.get(), (byte) 0);
        return Optional.of(words);
    }

    private static Duration delay(int wrongTries) {
        if (wrongTries < FREE_TRIES) {
            return Duration.ZERO;
        }
        Duration wait = Duration.ofSeconds(1L << Math.min(wrongTries - FREE_TRIES, 20));
        return wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
    }

    /** How long until a password is looked at again; zero if it is now. */
    public synchronized Duration retryAfter() {
        Instant now = settings.clock().instant();
        return now.isBefore(nextTry) ? Duration.between(now, nextTry) : Duration.ZERO;
    }

    /** The same words under another password, salt and the settings' cost. The working keys are kept as they were. */
    public synchronized UnlockResult changePassword(char[] old, char[] fresh) throws IOException {
        UnlockResult[] result = new UnlockResult[1];
        Optional<Mnemonic> words = tryPassword(old, result);
        if (words.isPresent()) {
            try (Mnemonic opened = words.get()) {
                reseal(opened, fresh);
            }
        }
        return result[0];
    }

    private void reseal(Mnemonic words, char[] password) throws IOException {
        VaultFile fresh = sealed(words, file.addresses(), password, settings);
        fresh = file.backupVerified() ? fresh.withBackupVerified() : fresh;
        rewrite(fresh.withWorkingKeys(file.workingNonce(), file.workingKeys()));
    }

    private void rewrite(VaultFile changed) throws IOException {
        changed.write(path);
        file = changed;
    }

    /** Somebody is there: the idle limit starts anew. */
    public synchronized void touch() {
        lockIfIdle();
        lastTouch = settings.clock().instant();
    }

    /** Locks if nobody touched the vault for the idle limit; the app calls this from its timer. Returns whether it did. */
    public synchronized boolean lockIfIdle() {
        if (settings.idleLimit().isZero() || !keys.containsKey(KeyRole.OWNER)) {
            return false;
        }
        Instant end = lastTouch.plus(settings.idleLimit());
        if (settings.clock().instant().isBefore(end)) {
            return false;
        }
        lock();
        return true;
    }

    /** Wipes the owner's key; the working keys stay. */
    public synchronized void lock() {
        SigningKey owner = keys.remove(KeyRole.OWNER);
        if (owner != null) {
            owner.close();
        }
    }

    /** Signs for a role for as long as the key is there. */
    public Signer signer(KeyRole role) {
        return new RoleSigner(role);
    }

    private synchronized Signature sign(KeyRole role, byte[] digest) {
        lockIfIdle();
        SigningKey key = keys.get(role);
        if (key == null) {
            throw new VaultLockedException(
                    "the wallet is locked: unlock it to sign as " + role.name().toLowerCase(java.util.Locale.ROOT));
        }
        return key.sign(digest);
    }

    private void takeKeys(Mnemonic words) {
        for (KeyRole role : KeyRole.values()) {
            SigningKey before = keys.put(role, words.derive(role));
            if (before != null) {
                before.close();
            }
        }
        lastTouch = settings.clock().instant();
    }

    /**
     * Keeps the operator's and the session's key for after a restart without a password, or stops doing so.
     *
     * @throws VaultLockedException if they are not in memory to be kept
     */
    public synchronized void keepWorkingKeys(boolean keep) throws IOException {
        if (!keep) {
            rewrite(file.withWorkingKeys(new byte[0], new byte[0]));
            Files.deleteIfExists(devicePath());
            return;
        }
        SigningKey operator = keys.get(KeyRole.OPERATOR);
        SigningKey session = keys.get(KeyRole.SESSION);
        if (operator == null || session == null) {
            throw new VaultLockedException("the wallet is locked: unlock it to keep its working keys");
        }
        byte[] device = random(settings, 32);
        byte[] both = Arrays.copyOf(operator.secret(), 64);
        System.arraycopy(session.secret(), 0, both, 32, 32);
        byte[] nonce = random(settings, Sealed.NONCE);
        OwnerOnlyFile.write(devicePath(), device);
        rewrite(file.withWorkingKeys(nonce, Sealed.seal(device, nonce, workingHeader(), both)));
        Arrays.fill(device, (byte) 0);
        Arrays.fill(both, (byte) 0);
    }

    /** Whether the working keys survive a restart. */
    public synchronized boolean keepsWorkingKeys() {
        return file.workingNonce().length > 0;
    }

    private void takeKeptWorkingKeys() throws IOException {
        if (!keepsWorkingKeys() || !Files.exists(devicePath())) {
            return;
        }
        byte[] device = OwnerOnlyFile.read(devicePath(), 64);
        if (device.length != 32) {
            return;
        }
        Optional<byte[]> both = Sealed.open(device, file.workingNonce(), workingHeader(), file.workingKeys());
        Arrays.fill(device, (byte) 0);
        if (both.isEmpty() || both.get().length != 64) {
            return; // of another machine: the password brings them back
        }
        takeWorkingKey(KeyRole.OPERATOR, both.get(), 0);
        takeWorkingKey(KeyRole.SESSION, both.get(), 32);
        Arrays.fill(both.get(), (byte) 0);
    }

    private void takeWorkingKey(KeyRole role, byte[] both, int at) {
        byte[] secret = Arrays.copyOfRange(both, at, at + 32);
        keys.put(role, SigningKey.of(secret));
        Arrays.fill(secret, (byte) 0);
    }

    /** The addresses, so that kept keys of another wallet do not open here; a new password or salt changes nothing. */
    private byte[] workingHeader() {
        var text = new StringBuilder("IGVAULT1 working");
        for (KeyRole role : KeyRole.values()) {
            text.append(' ').append(file.addresses().get(role));
        }
        return text.toString().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    }

    private Path devicePath() {
        return path.resolveSibling(path.getFileName() + ".device");
    }

    private static byte[] random(VaultSettings settings, int count) {
        byte[] bytes = new byte[count];
        settings.random().nextBytes(bytes);
        return bytes;
    }

    /** Wipes every key. */
    @Override
    public synchronized void close() {
        keys.values().forEach(SigningKey::close);
        keys.clear();
    }

    /**
     * Deletes the vault and what belongs to it, for a person who asked for it and confirmed it.
     *
     * @throws UncheckedIOException if a file cannot be deleted
     */
    public synchronized void erase() {
        close();
        try {
            Files.deleteIfExists(path);
            Files.deleteIfExists(devicePath());
        } catch (IOException failed) {
            throw new UncheckedIOException("could not delete the wallet's files", failed);
        }
    }

    @Override
    public synchronized String toString() {
        return "Vault[" + file.addresses().get(KeyRole.OWNER) + "]";
    }

    private final class RoleSigner implements Signer {
        private final KeyRole role;

        RoleSigner(KeyRole role) {
            this.role = role;
        }

        @Override
        public Address address() {
            return Vault.this.address(role);
        }

        @Override
        public Signature sign(byte[] digest) {
            return Vault.this.sign(role, digest);
        }
    }
}
