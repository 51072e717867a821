package io.infergrid.app.store;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.peers.AddressBook;
import io.infergrid.libp2p.record.PeerRecord;
import io.infergrid.libp2p.record.SignedEnvelope;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The address book of the swarm in an SQLite file of its own, so that a rig that starts again finds its peers without asking anyone.
 * What cannot be read or written is logged and counts as not known: without the book a rig still works. Thread-safe.
 */
public final class SqlAddressBook implements AddressBook, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SqlAddressBook.class);
    private static final int MAX_ADDRESSES = 16;

    private final Connection database;
    private final InstantSource clock;
    private final int maxPeers;
    private long order; // grows with every note, so that two of one instant keep their order

    /**
     * Opens the file, or makes it.
     *
     * @throws IOException if it is no such database or cannot be written
     */
    public SqlAddressBook(Path file, InstantSource clock, int maxPeers) throws IOException {
        this.clock = clock;
        this.maxPeers = maxPeers;
        try {
            database = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var statement = database.createStatement()) {
                statement.execute("pragma busy_timeout = 5000");
                statement.execute("pragma journal_mode = wal");
                statement.execute("pragma synchronous = normal");
                statement.execute("create table if not exists address (peer text not null, address text not null,"
                        + " until integer not null, noted integer not null, primary key (peer, address))");
                statement.execute("create table if not exists peer (peer text primary key, noted integer not null,"
                        + " envelope blob, sequence integer, until integer)");
                statement.execute("create index if not exists peer_noted on peer (noted)");
                try (var rows = statement.executeQuery("select coalesce(max(noted), 0) from peer")) {
                    order = rows.next() ? rows.getLong(1) : 0;
                }
            }
        } catch (SQLException e) {
            throw new IOException(file + ": expected the addresses of peers, found " + e.getMessage(), e);
        }
    }

    private interface Work<T> {
        T run() throws SQLException;
    }

    private synchronized <T> T tried(String what, T otherwise, Work<T> work) {
        try {
            return work.run();
        } catch (SQLException e) {
            log.warn("the address book could not {}: {}", what, e.getMessage());
            return otherwise;
        }
    }

    /** Runs a statement with parameters and returns the rows that it changed. */
    private int change(String sql, Object... values) throws SQLException {
        try (var statement = prepared(sql, values)) {
            return statement.executeUpdate();
        }
    }

    private PreparedStatement prepared(String sql, Object... values) throws SQLException {
        var statement = database.prepareStatement(sql);
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
        return statement;
    }

    private void note(PeerId peer) throws SQLException {
        change(
                "insert into peer (peer, noted) values (?, ?) on conflict (peer) do update set noted = excluded.noted",
                peer.toString(),
                ++order);
        int gone = change(
                "delete from peer where peer in (select peer from peer order by noted desc limit -1 offset ?)",
                maxPeers);
        if (gone > 0) {
            change("delete from address where peer not in (select peer from peer)");
        }
    }

    @Override
    public void add(PeerId peer, List<Multiaddr> addresses, Duration life) {
        if (addresses.isEmpty()) {
            return;
        }
        long until = clock.instant().plus(life).toEpochMilli();
        boolean _ = tried(
                "note addresses",
                false,
                () -> inOneGo(() -> {
                    note(peer);
                    for (var address : addresses) {
                        change(
                                "insert into address (peer, address, until, noted) values (?, ?, ?, ?) on conflict (peer, address)"
                                        + " do update set noted = excluded.noted, until = max(until, excluded.until)",
                                peer.toString(),
                                address.withoutPeer().toString(),
                                until,
                                ++order);
                    }
                    change(
                            "delete from address where peer = ? and address not in"
                                    + " (select address from address where peer = ? order by noted desc limit ?)",
                            peer.toString(),
                            peer.toString(),
                            MAX_ADDRESSES);
                    return true;
                }));
    }

    private <T> T inOneGo(Work<T> work) throws SQLException {
        database.setAutoCommit(false);
        try {
            var result = work.run();
            database.commit();
            return result;
        } catch (SQLException e) {
            database.rollback();
            throw e;
        } finally {
            database.setAutoCommit(true);
        }
    }

    @Override
    public boolean certify(SignedEnvelope envelope, Duration life) throws IOException {
        var record = PeerRecord.open(envelope);
        long until = clock.instant().plus(life).toEpochMilli();
        return tried(
                "note a signed record",
                false,
                () -> inOneGo(() -> {
                    note(record.peer());
                    change(
                            "update peer set until = ? where peer = ? and sequence = ?",
                            until,
                            record.peer().toString(),
                            record.sequence());
                    return change(
                                    "update peer set envelope = ?, sequence = ?, until = ?"
                                            + " where peer = ? and (sequence is null or sequence < ?)",
                                    envelope.encode(),
                                    record.sequence(),
                                    until,
                                    record.peer().toString(),
                                    record.sequence())
                            > 0;
                }));
    }

    @Override
    public List<Multiaddr> addresses(PeerId peer) {
        var result = new LinkedHashSet<Multiaddr>();
        record(peer).ifPresent(envelope -> {
            try {
                PeerRecord.open(envelope).addresses().stream()
                        .limit(MAX_ADDRESSES)
                        .forEach(result::add);
            } catch (IOException e) {
                log.warn("the address book holds a record of {} that is not signed: {}", peer, e.getMessage());
            }
        });
        result.addAll(tried("look up addresses", List.of(), () -> {
            var found = new ArrayList<Multiaddr>();
            try (var statement = prepared(
                            "select address from address where peer = ? and until > ? order by noted desc",
                            peer.toString(),
                            clock.instant().toEpochMilli());
                    var rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(Multiaddr.parse(rows.getString(1)));
                }
            }
            return found;
        }));
        return List.copyOf(result);
    }

    @Override
    public Optional<SignedEnvelope> record(PeerId peer) {
        return tried("look up a signed record", Optional.empty(), () -> {
            try (var statement = prepared(
                            "select envelope from peer where peer = ? and envelope is not null and until > ?",
                            peer.toString(),
                            clock.instant().toEpochMilli());
                    var rows = statement.executeQuery()) {
                return rows.next() ? decoded(rows.getBytes(1)) : Optional.empty();
            }
        });
    }

    private static Optional<SignedEnvelope> decoded(byte[] envelope) {
        try {
            return Optional.of(SignedEnvelope.decode(envelope));
        } catch (DecodeException e) {
            log.warn("the address book holds a record that cannot be read: {}", e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public List<PeerId> peers(int limit) {
        return tried("list peers", List.of(), () -> {
            var found = new ArrayList<PeerId>();
            try (var statement = prepared("select peer from peer order by noted desc limit ?", limit);
                    var rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(PeerId.parse(rows.getString(1)));
                }
            }
            return List.copyOf(found);
        });
    }

    @Override
    public void remove(PeerId peer, Multiaddr address) {
        int _ = tried(
                "forget an address",
                0,
                () -> change(
                        "delete from address where peer = ? and address = ?",
                        peer.toString(),
                        address.withoutPeer().toString()));
    }

    @Override
    public void remove(PeerId peer) {
        int _ = tried(
                "forget a peer",
                0,
                () -> inOneGo(() -> {
                    change("delete from address where peer = ?", peer.toString());
                    return change("delete from peer where peer = ?", peer.toString());
                }));
    }

    /** Forgets what has expired; to be called now and then. */
    public void sweep() {
        long now = clock.instant().toEpochMilli();
        int _ = tried(
                "forget what expired",
                0,
                () -> inOneGo(() -> {
                    change("delete from address where until <= ?", now);
                    change("update peer set envelope = null, sequence = null, until = null where until <= ?", now);
                    return change("delete from peer where envelope is null and peer not in (select peer from address)");
                }));
    }

    @Override
    public synchronized void close() {
        try {
            database.close();
        } catch (SQLException e) {
            log.warn("closing the address book: {}", e.getMessage());
        }
    }
}
