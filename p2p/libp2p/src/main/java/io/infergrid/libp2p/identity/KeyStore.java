package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.codec.DecodeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.AclEntry;
import java.nio.file.attribute.AclEntryPermission;
import java.nio.file.attribute.AclEntryType;
import java.nio.file.attribute.AclFileAttributeView;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file that holds this node's identity, readable by its owner only. It is written beside its place, forced to disk and moved
 * there, so that a crash leaves the old file, the new one or none, never half a key.
 */
public final class KeyStore {

    private static final Logger LOG = LoggerFactory.getLogger(KeyStore.class);
    private static final int MAX_FILE_BYTES = 256;
    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private final Path file;

    public KeyStore(Path file) {
        this.file = file.toAbsolutePath();
    }

    /** The identity in the file, or a new one that is saved there first. */
    public PrivateKey loadOrCreate() throws IOException {
        if (Files.exists(file)) {
            return load();
        }
        try {
            return create(PrivateKey.generate());
        } catch (FileAlreadyExistsException e) {
            return load(); // another process was first
        }
    }

    /**
     * Reads the identity.
     *
     * @throws IOException if the file is missing, unreadable or no Ed25519 key of libp2p
     */
    public PrivateKey load() throws IOException {
        long size = Files.size(file);
        if (size > MAX_FILE_BYTES) {
            throw new IOException(file + ": expected a key of at most " + MAX_FILE_BYTES + " bytes, found " + size);
        }
        narrow();
        try {
            return PrivateKey.decode(Files.readAllBytes(file));
        } catch (DecodeException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Saves an identity where there was none.
     *
     * @throws FileAlreadyExistsException if the file is there: an identity is not replaced by accident
     */
    public PrivateKey create(PrivateKey key) throws IOException {
        var directory = file.getParent();
        if (directory == null) {
            throw new IOException(file + ": expected a file, found a file system root");
        }
        Files.createDirectories(directory);
        var temporary = temporary(directory);
        try {
            try (var channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                var bytes = ByteBuffer.wrap(key.encode());
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            publish(temporary);
            force(directory);
        } finally {
            Files.deleteIfExists(temporary);
        }
        return key;
    }

    /** A link fails where a file exists, which a move does not; file systems without links get the move. */
    private void publish(Path temporary) throws IOException {
        try {
            Files.createLink(file, temporary);
        } catch (UnsupportedOperationException e) {
            if (Files.exists(file)) {
                throw new FileAlreadyExistsException(file.toString());
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static Path temporary(Path directory) throws IOException {
        if (Files.getFileStore(directory).supportsFileAttributeView(PosixFileAttributeView.class)) {
            return Files.createTempFile(
                    directory, ".identity", ".tmp", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        }
        var path = Files.createTempFile(directory, ".identity", ".tmp");
        var acl = Files.getFileAttributeView(path, AclFileAttributeView.class);
        if (acl != null) {
            acl.setAcl(List.of(AclEntry.newBuilder()
                    .setType(AclEntryType.ALLOW)
                    .setPrincipal(Files.getOwner(path))
                    .setPermissions(EnumSet.allOf(AclEntryPermission.class))
                    .build()));
        }
        return path;
    }

    private static void force(Path directory) throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (java.nio.file.AccessDeniedException e) {
            LOG.debug("this system opens no directories, so {} is not forced to disk", directory); // Windows
        }
    }

    /** Takes back the rights that others have to the file, which a copy from elsewhere may have given. */
    private void narrow() throws IOException {
        var posix = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (posix == null) {
            return;
        }
        var permissions = EnumSet.copyOf(Files.getPosixFilePermissions(file, new LinkOption[0]));
        if (permissions.retainAll(OWNER_ONLY)) {
            LOG.warn("{} could be read or changed by others; it is the owner's alone from now on", file);
            posix.setPermissions(permissions);
        }
    }
}
