package io.infergrid.app.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.infergrid.app.paths.OwnerOnlyFile;
import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.chain.Call;
import io.infergrid.wallet.chain.ChainChange;
import io.infergrid.wallet.chain.ChainEvent;
import io.infergrid.wallet.chain.EventCursorStore;
import io.infergrid.wallet.chain.Fees;
import io.infergrid.wallet.chain.NonceJournal;
import io.infergrid.wallet.chain.Receipt;
import io.infergrid.wallet.channel.SignedVoucher;
import io.infergrid.wallet.channel.VoucherStore;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a wallet must not lose: transactions on their way, the newest voucher of each channel, events that were seen. A file of its own
 * beside the jobs' database, because losing it loses money and because the command line uses it beside a running rig. Every
 * method is on the disk when it returns. Thread-safe.
 */
public final class WalletDatabase implements NonceJournal, VoucherStore, EventCursorStore, AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int VERSION = 1;

    private static final List<String> SCHEMA = List.of(
            """
            create table transactions (
              id text primary key,
              chain_id integer not null,
              sender text not null,
              nonce integer not null,
              open integer not null,
              at_millis integer not null,
              entry text not null)""",
            "create index transactions_open on transactions (chain_id, sender, nonce) where open = 1",
            """
            create table vouchers (
              channel blob primary key,
              voucher blob not null,
              first_unredeemed integer not null)""",
            """
            create table cursors (
              name text primary key,
              block integer not null,
              confirmed integer not null,
              hash text not null)""",
            """
            create table events (
              cursor text not null,
              block integer not null,
              log_index integer not null,
              block_hash text not null,
              event text not null,
              confirmed integer not null,
              primary key (cursor, block_hash, log_index))""",
            "create index events_block on events (cursor, block, log_index)");

    private final Connection connection;

    private WalletDatabase(Connection connection) {
        this.connection = connection;
    }

    /**
     * @throws StoreException if it cannot be opened, or a newer program wrote it
     */
    public static WalletDatabase open(Path file) {
        try {
            ownerOnly(file);
            Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (Statement statement = connection.createStatement()) {
                statement.execute("pragma busy_timeout = 10000");
                statement.execute("pragma journal_mode = wal");
                statement.execute("pragma synchronous = full");
                bringUp(connection, statement, file);
                return new WalletDatabase(connection);
            } catch (SQLException | RuntimeException e) {
                connection.close();
                throw e;
            }
        } catch (SQLException e) {
            throw new StoreException(
                    "expected to open the wallet's database " + file + ", found: " + e.getMessage(), e);
        }
    }

    /** SQLite gives its side files the permissions of the database. */
    private static void ownerOnly(Path file) {
        try {
            if (!Files.exists(file)) {
                OwnerOnlyFile.write(file, "");
            }
        } catch (IOException e) {
            throw new StoreException(
                    "expected to make the wallet's database " + file + ", found: " + e.getMessage(), e);
        }
    }

    private static void bringUp(Connection connection, Statement statement, Path file) throws SQLException {
        // two programs may come at the same time: the second waits here and finds the work done
        statement.execute("begin immediate");
        try {
            int version;
            try (ResultSet row = statement.executeQuery("pragma user_version")) {
                version = row.getInt(1);
            }
            if (version > VERSION) {
                throw new StoreException("expected a wallet database of version " + VERSION + ", found version "
                        + version + " in " + file + ": a newer InferGrid wrote it. Start that one.");
            }
            if (version == 0) {
                for (String table : SCHEMA) {
                    statement.execute(table);
                }
                statement.execute("pragma user_version = " + VERSION);
            }
            statement.execute("commit");
        } catch (SQLException | RuntimeException e) {
            statement.execute("rollback");
            throw e;
        }
    }

    // ---- transactions

    @Override
    public synchronized void put(Entry entry) {
        update(
                "insert or replace into transactions (id, chain_id, sender, nonce, open, at_millis, entry)"
                        + " values (?, ?, ?, ?, ?, ?, ?)",
                entry.id(),
                entry.chainId(),
                entry.from().text(),
                entry.nonce(),
                entry.state().open() ? 1 : 0,
                entry.attempts().getFirst().atMillis(),
                text(entry));
    }

    @Override
    public synchronized Optional<Entry> find(String id) {
        return query("select entry from transactions where id = ?", row -> entry(row.getString(1)), id).stream()
                .findFirst();
    }

    @Override
    public synchronized List<Entry> open(long chainId, Address from) {
        return query(
                "select entry from transactions where chain_id = ? and sender = ? and open = 1 order by nonce",
                row -> entry(row.getString(1)),
                chainId,
                from.text());
    }

    /** Transactions of an account, newest first. */
    public synchronized List<Entry> history(long chainId, int limit) {
        return query(
                "select entry from transactions where chain_id = ? order by at_millis desc, nonce desc limit ?",
                row -> entry(row.getString(1)),
                chainId,
                limit);
    }

    private static String text(Entry entry) {
        ObjectNode json = JSON.createObjectNode();
        json.put("id", entry.id())
                .put("chainId", entry.chainId())
                .put("from", entry.from().text())
                .put("nonce", entry.nonce())
                .put("action", entry.action())
                .put("to", entry.call().to().text())
                .put("value", entry.call().value().wei().toString())
                .put("data", entry.call().data())
                .put("gas", entry.gas().toString())
                .put("state", entry.state().name())
                .put("note", entry.note());
        ArrayNode attempts = json.putArray("attempts");
        for (Attempt attempt : entry.attempts()) {
            ObjectNode one = attempts.addObject();
            one.put("hash", attempt.hash().toString()).put("raw", attempt.raw()).put("at", attempt.atMillis());
            switch (attempt.fees()) {
                case Fees.Legacy(BigInteger price) -> one.put("gasPrice", price.toString());
                case Fees.Dynamic(BigInteger most, BigInteger priority) ->
                    one.put("maxFee", most.toString()).put("priority", priority.toString());
            }
        }
        Receipt receipt = entry.receipt();
        if (receipt != null) {
            json.putObject("receipt")
                    .put("transaction", receipt.transaction().toString())
                    .put("blockHash", receipt.blockHash().toString())
                    .put("block", receipt.block())
                    .put("succeeded", receipt.succeeded())
                    .put("gasUsed", receipt.gasUsed())
                    .put("fee", receipt.fee().wei().toString());
        }
        return json.toString();
    }

    private static Entry entry(String text) {
        JsonNode json = parse(text);
        var attempts = new ArrayList<Attempt>();
        for (JsonNode one : json.path("attempts")) {
            Fees fees = one.has("gasPrice")
                    ? new Fees.Legacy(number(one, "gasPrice"))
                    : new Fees.Dynamic(number(one, "maxFee"), number(one, "priority"));
            attempts.add(new Attempt(
                    Bytes32.parse(one.path("hash").textValue()),
                    one.path("raw").textValue(),
                    fees,
                    one.path("at").longValue()));
        }
        return new Entry(
                json.path("id").textValue(),
                json.path("chainId").longValue(),
                new Address(json.path("from").textValue()),
                json.path("nonce").longValue(),
                json.path("action").textValue(),
                new Call(
                        new Address(json.path("to").textValue()),
                        new Amount(number(json, "value")),
                        json.path("data").textValue()),
                number(json, "gas"),
                attempts,
                State.valueOf(json.path("state").textValue()),
                receipt(json.path("receipt")),
                json.path("note").textValue());
    }

    private static @Nullable Receipt receipt(JsonNode json) {
        return json.isMissingNode()
                ? null
                : new Receipt(
                        Bytes32.parse(json.path("transaction").textValue()),
                        Bytes32.parse(json.path("blockHash").textValue()),
                        json.path("block").longValue(),
                        json.path("succeeded").booleanValue(),
                        json.path("gasUsed").longValue(),
                        new Amount(number(json, "fee")));
    }

    private static BigInteger number(JsonNode json, String name) {
        return new BigInteger(json.path(name).textValue());
    }

    private static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new StoreException(
                    "expected an entry of the wallet's database in JSON, found " + e.getOriginalMessage(), e);
        }
    }

    // ---- vouchers

    @Override
    public synchronized Optional<Kept> newest(Bytes32 channel) {
        return query("select voucher, first_unredeemed from vouchers where channel = ?", WalletDatabase::kept, (Object)
                        channel.toBytes())
                .stream()
                .findFirst();
    }

    @Override
    public synchronized void put(Kept kept) {
        update(
                "insert or replace into vouchers (channel, voucher, first_unredeemed) values (?, ?, ?)",
                kept.voucher().voucher().channel().toBytes(),
                kept.voucher().toBytes(),
                kept.firstUnredeemed().toEpochMilli());
    }

    @Override
    public synchronized List<Kept> all() {
        return query("select voucher, first_unredeemed from vouchers order by channel", WalletDatabase::kept);
    }

    private static Kept kept(ResultSet row) throws SQLException {
        return new Kept(SignedVoucher.parse(row.getBytes(1)), Instant.ofEpochMilli(row.getLong(2)));
    }

    // ---- events

    @Override
    public synchronized Optional<Position> position(String cursor) {
        return query(
                        "select block, confirmed, hash from cursors where name = ?",
                        row -> new Position(row.getLong(1), row.getLong(2), Bytes32.parse(row.getString(3))),
                        cursor)
                .stream()
                .findFirst();
    }

    @Override
    public synchronized List<ChainEvent> events(String cursor, long fromBlock) {
        return query(
                "select event from events where cursor = ? and block >= ? order by block, log_index",
                row -> event(row.getString(1)),
                cursor,
                fromBlock);
    }

    @Override
    public synchronized void apply(String cursor, Position position, List<ChainChange> changes) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("begin immediate");
            try {
                for (ChainChange change : changes) {
                    apply(cursor, change);
                }
                update(
                        "insert or replace into cursors (name, block, confirmed, hash) values (?, ?, ?, ?)",
                        cursor,
                        position.block(),
                        position.confirmed(),
                        position.hash().toString());
                statement.execute("commit");
            } catch (SQLException | RuntimeException e) {
                statement.execute("rollback");
                throw e;
            }
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private void apply(String cursor, ChainChange change) {
        ChainEvent event = change.event();
        String hash = event.blockHash().toString();
        switch (change) {
            case ChainChange.Appeared _ ->
                update(
                        "insert or ignore into events (cursor, block, log_index, block_hash, event, confirmed)"
                                + " values (?, ?, ?, ?, ?, 0)",
                        cursor,
                        event.block(),
                        event.logIndex(),
                        hash,
                        text(event));
            case ChainChange.Confirmed _ ->
                update(
                        "update events set confirmed = 1 where cursor = ? and block_hash = ? and log_index = ?",
                        cursor,
                        hash,
                        event.logIndex());
            case ChainChange.Reversed _ ->
                update(
                        "delete from events where cursor = ? and block_hash = ? and log_index = ?",
                        cursor,
                        hash,
                        event.logIndex());
        }
    }

    private static String text(ChainEvent event) {
        ObjectNode json = JSON.createObjectNode();
        json.put("blockHash", event.blockHash().toString())
                .put("block", event.block())
                .put("logIndex", event.logIndex())
                .put("transaction", event.transaction().toString())
                .put("contract", event.contract().text())
                .put("data", event.data());
        ArrayNode topics = json.putArray("topics");
        event.topics().forEach(topic -> topics.add(topic.toString()));
        return json.toString();
    }

    private static ChainEvent event(String text) {
        JsonNode json = parse(text);
        return new ChainEvent(
                Bytes32.parse(json.path("blockHash").textValue()),
                json.path("block").longValue(),
                json.path("logIndex").longValue(),
                Bytes32.parse(json.path("transaction").textValue()),
                new Address(json.path("contract").textValue()),
                json.path("topics")
                        .valueStream()
                        .map(topic -> Bytes32.parse(topic.textValue()))
                        .toList(),
                json.path("data").textValue());
    }

    // ---- SQL

    private interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    private <T> List<T> query(String sql, Row<T> read, Object... values) {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, values);
            var found = new ArrayList<T>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(read.read(rows));
                }
            }
            return found;
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private void update(String sql, Object... values) {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, values);
            statement.executeUpdate();
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private static void bind(PreparedStatement statement, Object... values) throws SQLException {
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
    }

    private static StoreException failure(SQLException e) {
        return new StoreException("expected to use the wallet's database, found: " + e.getMessage(), e);
    }

    @Override
    public synchronized void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw failure(e);
        }
    }
}
