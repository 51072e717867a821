package io.infergrid.app.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalletDatabaseTest {

    private static final Address ALICE = new Address("0xC669928185DbCE49d2230CC9B0979BE6DC797957");

    @TempDir
    Path folder;

    private static Bytes32 word(int value) {
        return Bytes32.ofNumber(BigInteger.valueOf(value));
    }

    private static NonceJournal.Entry entry(String id, long nonce, NonceJournal.State state, Fees fees) {
        return new NonceJournal.Entry(
                id,
                31337,
                ALICE,
                nonce,
                "Send",
                Call.transfer(ALICE, Amount.parse("1.000000000000000001")),
                BigInteger.valueOf(21_000),
                List.of(new NonceJournal.Attempt(word(1), "0x02", fees, 1_700_000_000_000L + nonce)),
                state,
                state == NonceJournal.State.SETTLED
                        ? new Receipt(word(1), word(2), 7, true, 21_000, Amount.ofWei(9))
                        : null,
                "as it is");
    }

    @Test
    void what_was_written_is_there_to_the_wei_after_the_program_was_gone() {
        Path file = folder.resolve("wallet.db");
        var legacy = entry("a", 1, NonceJournal.State.SENT, new Fees.Legacy(new BigInteger("300000000000000")));
        var dynamic = entry("b", 2, NonceJournal.State.SIGNED, new Fees.Dynamic(BigInteger.TEN, BigInteger.ONE));
        var settled = entry("c", 0, NonceJournal.State.SETTLED, new Fees.Legacy(BigInteger.TWO));
        try (var database = WalletDatabase.open(file)) {
            List.of(legacy, dynamic, settled).forEach(database::put);
        }
        try (var database = WalletDatabase.open(file)) {
            assertThat(database.find("a")).contains(legacy);
            assertThat(database.open(31337, ALICE)).containsExactly(legacy, dynamic);
            assertThat(database.open(199, ALICE)).isEmpty();
            assertThat(database.history(31337, 2)).containsExactly(dynamic, legacy);
            assertThat(database.find("c")).contains(settled);
        }
    }

    @Test
    void events_and_their_position_move_together_and_can_be_taken_back() {
        var event = new ChainEvent(word(5), 12, 3, word(6), ALICE, List.of(word(7)), "0x00ff");
        var first = new EventCursorStore.Position(12, 0, word(5));
        var second = new EventCursorStore.Position(13, 12, word(8));
        try (var database = WalletDatabase.open(folder.resolve("wallet.db"))) {
            assertThat(database.position("stakes")).isEmpty();
            database.apply("stakes", first, List.of(new ChainChange.Appeared(event)));
            database.apply("stakes", first, List.of(new ChainChange.Appeared(event)));
            assertThat(database.events("stakes", 0)).containsExactly(event);
            assertThat(database.events("stakes", 13)).isEmpty();
            database.apply("stakes", second, List.of(new ChainChange.Confirmed(event)));
            assertThat(database.position("stakes")).contains(second);
            database.apply("stakes", first, List.of(new ChainChange.Reversed(event)));
            assertThat(database.events("stakes", 0)).isEmpty();
        }
    }

    @Test
    void a_newer_programs_database_is_refused_in_words_and_the_file_is_its_owners_alone() throws Exception {
        Path file = folder.resolve("wallet.db");
        WalletDatabase.open(file).close();
        if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
        }
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                var statement = connection.createStatement()) {
            statement.execute("pragma user_version = 99");
        }
        assertThatThrownBy(() -> WalletDatabase.open(file))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("version 99");
    }
}
